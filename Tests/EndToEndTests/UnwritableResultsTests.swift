import JSON
import SystemSupport
import Testing

/// Results that do not arrive, for all verbs: a full device, a full disk, a closed descriptor, a reader that has gone.
@Suite struct UnwritableResultsTests {
  /// Verbs that write results. Those before the line of dots change something, so they run once, with a full device.
  private static let verbs = """
    job create jobs/eightball.yaml --stage devel --commit COMMIT --yes
    job scale KEY 3 --yes
    job restart KEY --instance 0 --yes
    job rollback KEY --yes
    cron schedule cron.yaml --stage devel --commit COMMIT --yes
    cron start devcluster/www-data/devel/cron --no-wait
    cron deschedule devcluster/www-data/devel/cron --yes
    quota set www-data/devel --cpu 100 --ram 64GB --disk 100GB
    token create ci --right read --expires 90d
    token create keep --right read --expires 90d
    token revoke ci
    scheduler code
    scheduler backup backup.sqlite
    ...
    job status KEY
    job status KEY --format json
    job list
    job list --format json
    job history KEY
    job sla KEY
    job logs KEY
    job inspect jobs/eightball.yaml --stage devel
    job lint
    job schema
    job library
    job diff jobs/eightball.yaml --stage devel --commit COMMIT
    job update jobs/eightball.yaml --stage devel --commit COMMIT --dry-run
    job exec KEY/0 -- echo x
    job open KEY --print
    update status KEY
    update list
    update list --format json
    cron list
    cron next devcluster/www-data/devel/timer
    quota get
    quota get --format json
    token list
    token list --format json
    audit
    audit --format json
    whence KEY
    artifacts list
    artifacts inspect eightball_server@COMMIT
    artifacts verify
    artifacts sbom eightball_server@COMMIT
    artifacts gc --keep-newest 1
    doctor
    cache du
    list ::
    peek lib/auth:
    filedeps ::
    roots
    owners lib/auth/__init__.py
    dependencies services/eightball:server
    dependents lib/auth
    paths --from services/eightball:server --to services/eightball:answers
    explain services/eightball:server
    explain why services/eightball:server bottle
    """

  private static let script = #"""
    import os, signal, subprocess, sys
    kilt, mode, disk = sys.argv[1:4]
    for line in sys.stdin.read().splitlines():
        arguments = [kilt] + line.split()
        streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        if mode == "plain":
            outcome = subprocess.run(arguments, stdout=subprocess.PIPE, **streams)
            good = outcome.stdout != b""
        elif mode == "pipe":
            reader, writer = os.pipe()
            os.close(reader)
            outcome = subprocess.run(arguments, stdout=writer, **streams)
            os.close(writer)
            good = outcome.returncode == -signal.SIGPIPE and b"error" not in outcome.stderr
        elif mode == "closed":
            outcome = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh"] + arguments, **streams)
            good = outcome.returncode == 3 and b"standard output: Bad file descriptor" in outcome.stderr
        else:
            with open("/dev/full" if mode == "full" else disk, "ab") as output:
                outcome = subprocess.run(arguments, stdout=output, **streams)
            good = outcome.returncode == 3 and b"standard output: No space left on device" in outcome.stderr
        if not good:
            print("%s: %s: %d\n%s" % (mode, line, outcome.returncode, outcome.stderr.decode("utf-8", "replace")))
    """#

  @Test("A command whose results are lost ends with exit code 3 and a message, or by SIGPIPE")
  func everyVerb() throws {
    let running = try RunningExample(firstPort: 27300)
    let example = running.example
    let commit = try example.git("rev-parse", "HEAD")
    try example.kilt("publish", "services/eightball:server")
    try example.append(
      "nightly.aurora",
      "include(\"kilt/python_service.aurora\")\njobs = [Job(task = SequentialTask(processes = [pex_process()]))]\n")
    for name in ["cron", "timer"] {
      try example.append(
        "\(name).yaml",
        "file: nightly.aurora\nuser: www-data\nbuildname: eightball_server\nhashtype: git\n"
          + "config: {cpu: 0.1, ram: 64MB, disk: 64MB}\ncron: {schedule: \"0 0 1 1 *\"}\n"
          + "stages: {devel: {githash: \(commit)}}\n")
    }
    let key = "devcluster/www-data/devel/eightball"
    let lines = Self.verbs.split(separator: "\n").map {
      String($0).replacing("COMMIT", with: commit).replacing("KEY", with: key)
    }
    let changes = Array(lines.prefix { $0 != "..." })
    let looks = Array(lines.dropFirst(changes.count + 1))
    func run(_ lines: [String], _ mode: String, shell: [String] = []) throws -> String {
      let disk = example.scratch.appending("small")
      try FileSystem.createDirectories(disk)
      let command =
        shell + [
          "python3", "-c", Self.script, example.programs.appending("kilt").string, mode, disk.appending("out").string,
        ]
      let outcome = try Subprocess(
        command[0], Array(command.dropFirst()),
        environment: example.environment(["KILT_SCHEDULER=\(running.address)", "HOME=\(example.scratch)"]),
        workingDirectory: example.root, input: Array(lines.joined(separator: "\n").utf8),
        deadlineMilliseconds: 300_000
      ).run()
      return outcome.text + outcome.errorText
    }
    try running.run("cron", "schedule", "timer.yaml", "--stage", "devel", "--commit", commit, "--yes")
    let changed = try run(changes, "full")
    #expect(changed == "", "\(changed)")
    // All that is asked for is there, so that each of these has something to say.
    for mode in ["plain", "full", "closed", "pipe"] {
      let outcome = try run(looks, mode)
      #expect(outcome == "", "\(outcome)")
    }
    let small =
      "mount -t tmpfs -o size=4k kilt \"$0/small\" && head -c 4000 /dev/zero > \"$0/small/out\" && exec \"$@\""
    let full = try run(
      ["job library", "job schema", "peek lib/auth:", "doctor"], "disk",
      shell: ["unshare", "-rm", "sh", "-c", small, example.scratch.string])
    #expect(full == "", "\(full)")
  }
}
