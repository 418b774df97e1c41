import JSON
import SystemSupport
import Testing

/// The commands of docs/jobs.md, read from the page and run in its order on the example, with a scheduler of its own.
@Suite struct JobsPageTests {
  /// The lines of a section's blocks that are commands of `kilt`.
  private func commands(under heading: String) throws -> [String] {
    let file = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("docs/jobs.md")
    var (isSection, isBlock) = (false, false)
    var commands: [String] = []
    for line in try FileSystem.readText(file).split(separator: "\n") {
      if line.hasPrefix("#"), !isBlock { isSection = line.drop(while: { $0 == "#" || $0 == " " }) == heading }
      guard isSection else { continue }
      let text = line.drop { $0 == " " || $0 == "$" }
      if text.hasPrefix("```") {
        isBlock.toggle()
      } else if isBlock, text.hasPrefix("kilt ") {
        commands.append(String(text))
      }
    }
    return commands
  }

  @Test("The commands of the guide's first hour run as the page shows them")
  func page() throws {
    let running = try RunningExample(firstPort: 26120)
    let example = running.example
    let key = "devcluster/www-data/devel/eightball"
    // The page begins before the example has a job for this binary.
    for suffix in ["yaml", "aurora"] { try FileSystem.removeFile(example.root.appending("jobs/eightball.\(suffix)")) }
    try example.commit("start")
    var run: [String] = []

    func change(_ line: String) throws {
      try example.append("services/eightball/answers.txt", line + "\n")
      try example.commit(line)
      try example.kilt("publish", "services/eightball:server")
    }

    for command in try commands(under: "The first hour") {
      // RunLocalTests run it: it goes on until Ctrl-C.
      if command.hasPrefix("kilt job run-local") { continue }
      if command.hasPrefix("kilt job update") { try change("Ask again tomorrow.") }
      let words = command.split(separator: " ").dropFirst().map(String.init)
      let text = try running.run(words, code: words[1] == "diff" ? 1 : 0)
      run.append(words.prefix(2).joined(separator: " "))
      switch words[1] {
      case "new" where words[2].contains(":"):
        #expect(text.contains("guess: a service") && text.contains("wrote jobs/eightball.yaml"), "\(text)")
        // A quick test does not watch as long as people do.
        try example.append(
          "jobs/eightball.yaml", "update: {watch_secs: 1}\nhealth: {initial_interval_secs: 60, interval_secs: 0.3}\n")
      case "list": #expect(text.contains(key) && text.contains("devcluster/www-data/devel/nightly"), "\(text)")
      case "diff": #expect(text.contains("create \(key)"), "\(text)")
      case "create": #expect(text.contains("created \(key): 1 instances running"), "\(text)")
      case "status": #expect(text.contains("RUNNING"), "\(text)")
      case "update": #expect(text.contains("updated \(key) to release 2"), "\(text)")
      default: break
      }
    }
    #expect(
      run == [
        "publish services/eightball:server", "job new", "job new", "job lint", "job list", "job diff", "job create",
        "job status", "job update",
      ])

    try change("Ask the day after.")
    let affected = try #require(try commands(under: "From a change to its jobs").first)
    let jobs = try running.run(affected.split(separator: " ").dropFirst().map(String.init))
    #expect(jobs.hasPrefix("\(key)  jobs/eightball.yaml  bundle eightball_server\n"), "\(jobs)")
    #expect(jobs.split(separator: "\n").count == 1, "\(jobs)")
    let updated = try running.run(
      "job", "update", "--changed-since", "HEAD~1", "--stage", "devel", "--commit", "HEAD")
    #expect(updated.contains("updated \(key) to release 3"), "\(updated)")

    let whence = try #require(try commands(under: "From a process to its source").first)
    let instance = try running.json("job", "status", key, "--format", "json")["instances"]?.array?.first
    let port = try #require(instance?["ports"]?["http"]?.int)
    let source = try running.run(
      whence.replacing("31002", with: "\(port)").split(separator: " ").dropFirst().map(String.init))
    for part in ["\(key), instance 0 RUNNING", "release   3", "target    services/eightball:server", "  wheel     "] {
      #expect(source.contains(part), "\(part): \(source)")
    }
  }
}
