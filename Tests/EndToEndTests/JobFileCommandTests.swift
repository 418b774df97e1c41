import JSON
import SystemSupport
import Testing

/// The verbs on job files that need no scheduler.
@Suite struct JobFileCommandTests {
  @Test("lint checks all job files in one run, for people and for programs")
  func lint() throws {
    let example = try Example()
    let clean = try example.run("job", "lint")
    #expect(clean.termination == .exited(0), "\(clean.text)\(clean.errorText)")
    #expect(clean.text.hasPrefix("checked 16 files, 32 jobs: 0 errors"), "\(clean.text)")
    for words in [["lint", "jobs", "::"], ["job", "lint", "jobs::", "jobs/fiddler.yaml"]] {
      let again = try example.kilt(words)
      #expect(again.text == clean.text, "\(words): \(again.text)\(again.errorText)")
    }
    #expect(try example.run("job", "lint", "jobs/fiddler.yaml").text.hasPrefix("checked 1 file, "))
    try example.write(
      "jobs/broken.yaml",
      "file: igor.aurora\nuser: www-data\nbuildname: igor_worker\nconfig: {ram: 256}\n"
        + "args: {queue: q, job: j, typo: no}\nstages: {devel: {githash: 3f2c9d1e8a7b}}\n")
    let text = try example.run("job", "lint", "jobs/broken.yaml")
    #expect(text.termination == .exited(2))
    #expect(text.text.contains("error: \"ram\" needs a unit") && text.text.contains("--> jobs/broken.yaml:4:15"))
    #expect(text.text.contains("warning: \"no\" is the text here"))
    let json = try JSONValue(parsing: example.run("job", "lint", "--format", "json", "jobs/broken.yaml").text)
    let problems = json["files"]?.array?.first?["problems"]?.array ?? []
    #expect(problems.contains { $0["level"]?.string == "error" && $0["line"]?.int == 4 && $0["column"]?.int == 15 })
    let sarif = try JSONValue(parsing: example.run("job", "lint", "--format", "sarif", "jobs/broken.yaml").text)
    let result = sarif["runs"]?.array?.first?["results"]?.array?.first
    let place = result?["locations"]?.array?.first?["physicalLocation"]
    #expect(sarif["version"]?.string == "2.1.0" && result?["ruleId"]?.string == "job-error")
    #expect(place?["artifactLocation"]?["uri"]?.string == "jobs/broken.yaml")
    #expect(place?["region"]?["startLine"]?.int == 4)
    #expect(try example.run("job", "lint", "--strict", "jobs/fiddler.yaml").termination == .exited(0))
    // A cron job: its zone is looked up as on a scheduler.
    try example.write(
      "jobs/nightly.aurora",
      "include(\"kilt/python_service.aurora\")\njobs = [Job(task = SequentialTask(processes = [pex_process()]))]\n")
    func nightly(_ zone: String, _ schedule: String) throws -> Subprocess.Outcome {
      try example.write(
        "jobs/nightly.yaml",
        "file: nightly.aurora\nuser: www-data\nbuildname: igor_worker\nconfig: {cpu: 0.1, ram: 64MB, disk: 64MB}\n"
          + "cron: {schedule: \"\(schedule)\", timezone: \(zone)}\nstages: {devel: {githash: 3f2c9d1e8a7b}}\n")
      return try example.run("job", "lint", "jobs/nightly.yaml")
    }
    #expect(try nightly("Europe/Berlin", "30 4 * * *").termination == .exited(0))
    #expect(try nightly("Europe/Berln", "30 4 * * *").text.contains("Europe/Berln"))
    #expect(try nightly("UTC", "61 4 * * *").text.contains("minute \"61\""))
  }

  @Test("list --files shows the jobs of job files and Aurora files")
  func listing() throws {
    let example = try Example()
    let all = try example.run("job", "list", "--files")
    #expect(all.termination == .exited(0), "\(all.errorText)")
    #expect(
      all.text.contains("devcluster/www-data/prod/fiddler  12 instances  fiddler_server@3f2c9d1e8a7b"), "\(all.text)")
    try example.write(
      "hello.aurora",
      """
      import getpass
      class Profile(Struct):
        words = Default(String, 'hello')
      p = Process(name = 'hello', cmdline = 'echo {{profile.words}} {{place}}')
      t = Task(processes = [p], resources = Resources(cpu = 1, ram = 8*MB, disk = 8*MB))
      base = Service(cluster = 'here', role = 'www-data', environment = 'test', task = t)
      jobs = [base(name = 'one').bind(profile = Profile()), base(name = 'two').bind(profile = Profile(words = 'bye'))]
      """)
    let two = try example.run("job", "list", "--files", "hello.aurora")
    #expect(two.termination == .exited(0))
    #expect(two.text.contains("here/www-data/test/one  unbound: place"), "\(two.text)")
    let missing = try example.run("job", "list", "--files", "missing.yaml")
    #expect(missing.termination == .exited(2), "\(missing.text)\(missing.errorText)")
    let both = try example.run("job", "list", "--files", "--scheduler", "http://localhost:1")
    #expect(both.termination == .exited(2) && both.errorText.contains("--files asks no scheduler"))
    let json = try JSONValue(parsing: example.run("job", "list", "--files", "hello.aurora", "--format", "json").text)
    #expect(json["files"]?.array?.first?["jobs"]?.array?.count == 2)
    let many = try example.run("job", "inspect", "hello.aurora")
    #expect(many.termination == .exited(2) && many.errorText.contains("\"hello.aurora\" has 2 jobs"))
    let one = try example.run("job", "inspect", "hello.aurora", "--job", "two", "--bind", "place=world")
    #expect(
      try JSONValue(parsing: one.text)["task"]?["processes"]?.array?.first?["cmdline"]?.string == "echo bye world")
  }

  @Test("new writes a job file for a target, prints its guesses, and the file passes lint")
  func new() throws {
    let example = try Example()
    let made = try example.run("job", "new", "services/eightball:server")
    // The example has that file already.
    #expect(made.termination == .exited(2) && made.errorText.contains("exists already"), "\(made.errorText)")
    try FileSystem.removeFile(example.root.appending("jobs/eightball.yaml"))
    let again = try example.run("job", "new", "services/eightball:server")
    #expect(again.termination == .exited(2) && again.errorText.contains("\"jobs/eightball.aurora\" exists already"))
    #expect(!FileSystem.exists(example.root.appending("jobs/eightball.yaml")))
    try FileSystem.removeFile(example.root.appending("jobs/eightball.aurora"))
    let fresh = try example.run("job", "new", "services/eightball:server")
    #expect(fresh.termination == .exited(0), "\(fresh.errorText)")
    #expect(fresh.errorText.contains("guess: a service") && fresh.errorText.contains("wrote jobs/eightball.yaml"))
    #expect(try example.run("job", "lint", "jobs/eightball.yaml").termination == .exited(0))
    let worker = try example.run("job", "new", "resize_images", "--template", "igor", "--buildname", "igor_worker")
    #expect(worker.termination == .exited(0), "\(worker.errorText)")
    #expect(try FileSystem.readText(example.root.appending("jobs/resize_images.yaml")).contains("file: igor.aurora"))
    #expect(worker.errorText.contains("to do: args has no .queue"), "\(worker.errorText)")
    let queue = try example.run("job", "new", "nightly", "--template", "queue_worker", "--buildname", "nightly_worker")
    #expect(queue.termination == .exited(0), "\(queue.errorText)")
    #expect(queue.errorText.contains("wrote jobs/nightly.aurora") && !queue.errorText.contains("to do:"))
    #expect(try example.run("job", "lint", "jobs/nightly.yaml").termination == .exited(0))
    let unknown = try example.run("job", "new", "x", "--template", "igr")
    #expect(unknown.termination == .exited(2) && unknown.errorText.contains("did you mean \"igor\"?"))
  }

  @Test("schema and library print reference data for editors and authors")
  func references() throws {
    let example = try Example()
    let schema = try JSONValue(parsing: example.run("job", "schema").text)
    #expect(schema["properties"]?["secrets"] != nil && schema["required"]?.strings?.contains("user") == true)
    #expect(try example.run("job", "library").text.contains("### `http_health`"))
  }
}

extension Example {
  /// Runs `kilt`, whatever becomes of it.
  fileprivate func run(_ arguments: String...) throws -> Subprocess.Outcome { try kilt(arguments) }

  fileprivate func write(_ path: String, _ text: String) throws {
    try FileSystem.write(text: text, to: root.appending(path))
  }
}
