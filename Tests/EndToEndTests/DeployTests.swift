import JSON
import SystemSupport
import Testing

/// From a changed line to a rolled out, or rolled back, release: on the real programs.
@Suite(.serialized) struct DeployTests {
  private static let key = "devcluster/www-data/devel/eightball"
  private static let file = "jobs/eightball.yaml"

  /// Publishes the present commit, which the job file names then.
  private func publish(_ running: RunningExample, _ subject: String) throws -> String {
    let commit = try running.example.commit(subject)
    try running.example.kilt("publish", "services/eightball:server")
    return commit
  }

  private func makeQuick(_ example: Example) throws {
    try example.edit("jobs/eightball.aurora", "watch_secs = 20", "watch_secs = 1")
    try example.edit("jobs/eightball.aurora", "interval_secs = 5", "interval_secs = 0.3")
  }

  @Test("A changed line rolls out, a broken release rolls back, and no change restarts nothing")
  func changeAndRollback() throws {
    let running = try RunningExample(firstPort: 26000)
    let example = running.example
    try makeQuick(example)
    let (key, file) = (Self.key, Self.file)
    // Another job of the same bundle: what changes one, changes both.
    let other = "devcluster/www-data/devel/oracle"
    for suffix in ["yaml", "aurora"] {
      try example.execute("cp", ["jobs/eightball.\(suffix)", "jobs/oracle.\(suffix)"])
    }
    try example.edit("jobs/oracle.yaml", "instances: 2", "instances: 1")
    try example.edit("jobs/oracle.yaml", "eightball.aurora", "oracle.aurora")
    try example.edit("jobs/oracle.aurora", "name = \"eightball\",\n        task", "task")
    let first = try publish(running, "start")
    try running.run("deploy", "jobs/oracle.yaml", "--stage", "devel", "--commit", first, "--yes", "--no-wait")
    let created = try running.run("deploy", file, "--stage", "devel", "--commit", first, "--yes")
    #expect(created.contains("created \(key): 2 instances running"), "\(created)")
    let tasks = try running.tasks(key)
    #expect(tasks.count == 2)

    // Both instances are announced, at addresses that answer.
    let endpoints = try running.kilt("job", "endpoints", file, "--stage", "devel").text.split(separator: "\n")
    #expect(endpoints.count == 2 && endpoints.allSatisfy { $0.contains("release 1") }, "\(endpoints)")
    for line in endpoints {
      let port = line.prefix { $0 != " " }.split(separator: ":").last ?? ""
      #expect(try example.execute("curl", ["-sS", "http://127.0.0.1:\(port)/health"]) == "ok", "\(line)")
    }
    let one = try running.json("job", "endpoints", key + "/1", "--port", "health", "--format", "json")
    #expect(one["instances"]?.array?.compactMap { $0["shard"]?.int } == [1], "\(one)")
    #expect(try running.run("job", "endpoints", key, "--port", "web", code: 2).contains("has no port \"web\""))

    // The same again touches nothing; `create` names the command that helps.
    let same = try running.run("job", "update", file, "--stage", "devel", "--commit", first)
    #expect(same.contains("\(key) is unchanged (release 1)"), "\(same)")
    #expect(try running.tasks(key) == tasks)
    let again = try running.run("job", "create", file, "--stage", "devel", "--commit", first, code: 2)
    #expect(again.contains("kilt job update"), "\(again)")
    #expect(try running.kilt("job", "diff", file, "--stage", "devel", "--commit", first).termination == .exited(0))

    // Another commit with the same bundle and configuration restarts nothing either.
    try example.append("README.md", "A line that no bundle has.\n")
    let unrelated = try publish(running, "Another page")
    let spared = try running.run("job", "diff", file, "--stage", "devel", "--commit", unrelated)
    #expect(spared.contains("\(key) is unchanged: \(unrelated.prefix(12)) has the same bundle"), "\(spared)")
    #expect(spared.contains("does not affect tasks"), "\(spared)")

    // One line changes: the plan says so, and only looking changes nothing.
    _ = try example.runner("fetch", "--no-unpack", "eightball_server@\(unrelated)")
    try example.append("services/eightball/answers.txt", "Ask the other ball.\n")
    let second = try publish(running, "Another answer")
    let plan = try running.run("job", "diff", file, "--stage", "devel", "--commit", second, code: 1)
    #expect(plan.contains("\(first.prefix(12)) to \(second.prefix(12))"), "\(plan)")
    #expect(plan.contains("\(second.prefix(12))  Test  Another answer"), "\(plan)")
    #expect(plan.contains("instance 0-1") && plan.contains("batches    0 | 1"), "\(plan)")
    #expect(plan.contains("1 that change its files"), "\(plan)")
    #expect(plan.contains("file       ~ services/eightball/answers.txt"), "\(plan)")
    #expect(plan.contains("target     services/eightball:"), "\(plan)")
    // A host that has the former release fetches as many bytes as the plan says.
    let bytes = try #require(
      try running.json("job", "diff", file, "--stage", "devel", "--commit", second, "--format", "json")["artifacts"]?
        .array?.first?["bytes_to_fetch"]?.int)
    let fetched = try example.runner("fetch", "--no-unpack", "eightball_server@\(second)").errorText
    #expect(fetched.contains(", \(ByteSize.text(bytes)) of "), "\(bytes): \(fetched)")
    #expect(plan.contains("fetch      \(ByteSize.text(bytes)), unless the host has it"), "\(plan)")

    // The commits name the jobs themselves, and each of them is updated.
    let since = ["job", "update", "--changed-since", unrelated, "--stage", "devel", "--commit"]
    let dry = try running.run(since + [second, "--dry-run"])
    #expect(dry.contains("update \(key): release 1 to 2") && dry.contains("update \(other): release 1 to 2"), "\(dry)")
    #expect(try running.tasks(key) == tasks)
    let updated = try running.run(since + [second, "--yes", "--timeout", "300"])
    #expect(updated.contains("updated \(key) to release 2: 2 instances"), "\(updated)")
    #expect(updated.contains("instance 1: updated"), "\(updated)")
    #expect(updated.contains("updated \(other) to release 2: 1 instances"), "\(updated)")
    let moved = try running.tasks(key)
    #expect(moved[0] != tasks[0] && moved[1] != tasks[1])
    // What is updated stays as it is.
    let repeated = try running.json(since + [second, "--yes", "--format", "json"])
    #expect(repeated.array?.map { $0["outcome"]?.string } == ["unchanged", "unchanged"], "\(repeated.text())")

    // The next update is expected to take as long as this one took.
    let took = try #require(try running.json("update", "status", key, "--format", "json").seconds)
    let expected = try running.json("job", "diff", file, "--stage", "devel", "--commit", first, "--format", "json")
    let guess = try #require(expected["expected_seconds"]?.int)
    #expect(abs(Double(guess) - took) <= 2.5, "expected \(guess) s, and the update took \(took) s")

    // A release that cannot start is rolled back with the reason; the instance after it is never touched.
    try example.edit(
      "services/eightball/server.py", "    arguments = parser",
      "    raise SystemExit(\"the ball is cracked\")\n    arguments = parser")
    let broken = try publish(running, "Crack the ball")
    let steady = try running.tasks(other)
    let failed = try running.run(
      ["job", "update", "--changed-since", second, "--stage", "devel", "--commit", broken, "--yes"], code: 1)
    #expect(failed.contains("failed: \(key)") && failed.contains("not begun: \(other)"), "\(failed)")
    #expect(failed.contains("instance 0 failed, and the update allows no failed instance"), "\(failed)")
    #expect(try running.tasks(other) == steady)
    #expect(failed.contains("was rolled back to release 2"), "\(failed)")
    #expect(failed.contains("the ball is cracked") && failed.contains("exit code 1"), "\(failed)")
    #expect(try running.release(key) == 2)
    let restored = try running.tasks(key)
    #expect(restored[1] == moved[1] && restored[0] != moved[0])
    #expect(try running.kilt("update", "status", key).termination == .exited(1))
    let list = try running.run("update", "list")
    #expect(list.contains("ROLLED_BACK") && list.contains("ROLLED_FORWARD"), "\(list)")

    // By hand, to the release before; the job file is not needed.
    let back = try running.run("job", "rollback", key, "1", "--yes", "--reason", "because it was better")
    #expect(back.contains("updated \(key) to release 4"), "\(back)")
    #expect(try running.release(key) == 4)
    let history = try running.run("job", "history", key)
    #expect(history.contains("* 4") && history.contains("rollback to release 1"), "\(history)")
    #expect(history.contains(second.prefix(12)) && history.contains("because it was better"), "\(history)")
    try running.run("job", "kill", key, "--yes")
    #expect(try running.run("job", "endpoints", key, code: 1).contains("was killed: it has no tasks"))
    try running.run("job", "kill", other, "--yes")
    #expect(try running.json("job", "list", "--format", "json").array?.isEmpty == true)
  }

  @Test("A job without health checks that dies at once fails its create with the signal and the last lines")
  func dyingAtOnce() throws {
    let running = try RunningExample(firstPort: 26080)
    let key = "devcluster/www-data/devel/dies"
    try running.example.append(
      "jobs/dies.aurora",
      """
      jobs = [Service(
          cluster = "devcluster", role = "www-data", environment = "devel", name = "dies", instances = 1,
          task = Task(
              name = "dies", resources = Resources(cpu = 0.1, ram = 32*MB, disk = 32*MB),
              processes = [Process(name = "main", cmdline = "echo oh no >&2; kill -SEGV $$")]))]

      """)
    let created = try running.run("job", "create", "jobs/dies.aurora", "--yes", code: 1)
    for part in ["instance 0 of \(key) fails repeatedly", "FAILED, signal 11", "| oh no", "kilt job logs \(key)"] {
      #expect(created.contains(part), "\(part): \(created)")
    }
    let status = try running.run("job", "status", key)
    #expect(status.contains("process \"main\" FAILED, signal 11") && status.contains("| oh no"), "\(status)")
    let restarted = try running.run("job", "restart", key, "--at-once", "--yes", code: 1)
    #expect(restarted.contains("fails repeatedly"), "\(restarted)")
    let started = try running.run("cron", "start", key, "--yes", code: 2)
    #expect(started.contains("kilt job restart"), "\(started)")
    let missing = try running.run("job", "logs", key + "/4", code: 2)
    #expect(missing.contains("its instances: 0"), "\(missing)")
    try running.run("job", "kill", key, "--yes")
  }

  @Test("A job without artifacts is created, planned and updated in a workspace without an artifact repository")
  func withoutRepository() throws {
    let running = try RunningExample(firstPort: 26200)
    let (key, file) = ("devcluster/www-data/devel/plain", "jobs/plain.aurora")
    try running.example.edit("kilt.toml", "[repository]\nurl = \"file:.kilt/repository\"\n", "")
    try running.example.append(
      file,
      """
      jobs = [Job(
          cluster = "devcluster", role = "www-data", environment = "devel", name = "plain", instances = 1, service = True,
          update_config = UpdateConfig(watch_secs = 0),
          task = SimpleTask("plain", "exec sleep 600")(resources = Resources(cpu = 0.1, ram = 32*MB, disk = 32*MB)))]

      """)
    try running.run("job", "create", file, "--yes")
    try running.example.edit(file, "sleep 600", "sleep 601")
    let plan = try running.run("job", "diff", file, code: 1)
    #expect(plan.contains("sleep 601"), "\(plan)")
    try running.run("job", "update", file, "--yes")
    #expect(try running.release(key) == 2)
    // A job with an artifact says what is missing.
    let missing = try running.run("job", "create", "jobs/eightball.yaml", "--stage", "devel", "--yes", code: 2)
    #expect(missing.contains("no artifact repository is configured"), "\(missing)")
    try running.run("job", "kill", key, "--yes")
  }

  @Test("An update with pulses waits for the first one, says so on the terminal, and goes on with it")
  func pulse() throws {
    let running = try RunningExample(firstPort: 26160)
    let (key, file) = ("devcluster/www-data/devel/pulsed", "jobs/pulsed.aurora")
    try running.example.append(
      file,
      """
      jobs = [Service(
          cluster = "devcluster", role = "www-data", environment = "devel", name = "pulsed",
          update_config = UpdateConfig(watch_secs = 0, pulse_interval_secs = 60),
          task = Task(
              name = "pulsed", resources = Resources(cpu = 0.1, ram = 32*MB, disk = 32*MB),
              processes = [Process(name = "main", cmdline = "exec sleep 600")]))]

      """)
    try running.run("job", "create", file, "--yes")
    try running.example.edit(file, "sleep 600", "sleep 601")
    let script = """
      "$KILT" job update \(file) --yes >out 2>&1 & update=$!
      until grep -q 'run `kilt job pulse' out; do kill -0 $update || { cat out; exit 9; }; sleep 0.1; done
      "$KILT" job pulse \(key) || exit 8
      wait $update
      code=$?
      cat out
      exit $code
      """
    let text = try running.example.execute(
      "sh", ["-c", script],
      environment: [
        "KILT=\(running.example.programs.appending("kilt"))", "KILT_SCHEDULER=\(running.address)",
        "HOME=\(running.example.scratch)",
      ])
    #expect(text.contains("ROLL_FORWARD_AWAITING_PULSE: waits for its first pulse"), "\(text)")
    #expect(text.contains("updated \(key) to release 2"), "\(text)")
    let none = try running.run("job", "pulse", key, code: 2)
    #expect(none.contains("is not being updated"), "\(none)")
  }

  @Test("Scaling and restarting affect only named instances, and a broken template stops neither status nor kill")
  func repair() throws {
    let running = try RunningExample(firstPort: 26040)
    try makeQuick(running.example)
    let (key, file) = (Self.key, Self.file)
    let commit = try publish(running, "start")
    try running.run("deploy", file, "--stage", "devel", "--commit", commit, "--yes")
    let tasks = try running.tasks(key)
    try running.run("job", "scale", key, "3", "--yes")
    let scaled = try running.tasks(key)
    #expect(scaled.count == 3 && scaled[0] == tasks[0] && scaled[1] == tasks[1])
    try running.run("job", "restart", key + "/1", "--yes")
    let restarted = try running.tasks(key)
    #expect(restarted[0] == scaled[0] && restarted[1] != scaled[1] && restarted[2] == scaled[2])
    let none = try running.run("job", "scale", key, "0", code: 2)
    #expect(none.contains("kilt job kill \(key)"), "\(none)")
    let idle = try running.run("job", "pause", key, "--yes", code: 2)
    #expect(idle.contains("kilt update status \(key)"), "\(idle)")
    let missing = try running.run("job", "restart", key + "/7", "--yes", code: 2)
    #expect(missing.contains("7"), "\(missing)")
    #expect(try running.tasks(key) == restarted)
    let patterns = try running.run("job", "list", "devcluster/*/devel/eight*")
    #expect(patterns.contains(key))
    #expect(try !running.run("job", "list", "devcluster/*/prod/*").contains(key))

    // How well it is served, and its page.
    let sla = try running.run("job", "sla", key, "--at-least", "100")
    #expect(sla.contains("100% of instances run") && sla.contains("uptime            99% for at least"), "\(sla)")
    let status = try running.json("job", "status", key, "--format", "json")
    #expect(status["sla"]?["running"]?.double == 100 && status["sla"]?["time_to_running"] != nil)
    let link = try running.kilt("job", "open", key, "--print").text
    #expect(link.contains("/login?link=") && link.hasSuffix("&to=/jobs/\(key)"), "\(link)")
    let page = try running.example.execute("curl", ["-sSLb", "", link])
    #expect(page.contains("<h1>eightball") && page.contains("Service level"), "\(page)")

    // From whatever is seen on the host to the source.
    let instance = try #require(
      try running.json("job", "status", key, "--format", "json")["instances"]?.array?.first)
    let pid = try #require(instance["pids"]?.array?.first?.int)
    let port = try #require(instance["ports"]?["http"]?.int)
    let bundle = try running.example.bundle("eightball_server")
    let digest = try #require(instance["artifacts"]?.array?.first?["digest"]?.string)
    for what in ["\(pid)", "127.0.0.1:\(port)", key + "/0", bundle.string, digest, "sha256:\(digest.prefix(12))"] {
      let whence = try running.run("whence", what)
      #expect(whence.contains("\(key), instance 0 RUNNING") && whence.contains(commit), "\(what): \(whence)")
      #expect(whence.contains("services/eightball:server"), "\(what): \(whence)")
      #expect(
        whence.contains("  services/eightball/server.py") && whence.contains("release   "), "\(what): \(whence)")
    }
    let facts = try running.json("whence", bundle.string, "--format", "json").array?.first
    let answers = facts?["manifests"]?.array?.first?["files"]?.array?.first {
      $0["path"]?.string == "services/eightball/answers.txt"
    }
    #expect(
      try answers?["digest"]?.string
        == running.example.sha256(running.example.root.appending("services/eightball/answers.txt")),
      "\(String(describing: facts))")
    try running.run("whence", "1", code: 2)
    // A file of the same size with other bytes is no copy.
    var other = try FileSystem.read(bundle)
    other[other.count / 2] ^= 1
    let copy = running.example.scratch.appending("other.pex")
    try FileSystem.write(other, to: copy)
    try running.run("whence", copy.string, code: 2)

    // Commands in the sandboxes: exit codes, streams, input, every instance, a terminal.
    let code = try running.kilt("job", "exec", key + "/0", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    #expect(code.termination == .exited(3))
    #expect(code.text == "out" && code.errorText == "err", "\(code.text) \(code.errorText)")
    let all = try running.run("job", "exec", key, "--all", "--", "sh", "-c", "echo at $PWD")
    for instance in 0..<3 { #expect(all.contains("\(instance) | at /"), "\(all)") }
    let kilt = running.example.programs.appending("kilt")
    let environment = ["KILT_SCHEDULER=\(running.address)", "HOME=\(running.example.scratch)"]
    let counted = try running.example.execute(
      "sh", ["-c", "head -c 300000 /dev/zero | \(kilt) job exec \(key)/1 -- wc -c"], environment: environment)
    #expect(counted.contains("300000"), "\(counted)")
    let terminal = try running.example.execute(
      "script",
      ["-qec", "stty cols 93 rows 31; \(kilt) job exec \(key)/1 -- sh -c 'test -t 0 && stty size'", "/dev/null"],
      environment: environment)
    #expect(terminal.contains("31 93"), "\(terminal)")
    try running.run("job", "exec", key + "/9", "--", "true", code: 2)

    try running.example.append("jobs/eightball.aurora", "jobs = (\n")
    let broken = try running.run("job", "status", file, "--stage", "devel")
    #expect(broken.contains("RUNNING") && broken.contains("warning: cannot read the job file"), "\(broken)")
    try running.run("job", "update", file, "--stage", "devel", "--commit", commit, "--yes", code: 2)
    #expect(try running.tasks(key) == restarted)
    try running.run("job", "kill", file, "--stage", "devel", "--yes")
    #expect(try running.json("job", "list", "--format", "json").array?.isEmpty == true)
  }
}

extension JSONValue {
  /// How long an update took, of its status.
  fileprivate var seconds: Double? {
    guard let begin = self["update"]?["started_at"]?.double, let end = self["since"]?.double else { return nil }
    return (end - begin) / 1000
  }
}
