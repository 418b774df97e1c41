import SystemSupport
import Testing

/// A generated workspace in a temporary folder, of which `kilt` keeps state.
final class Monorepo: Sendable {
  let scratch: FilePath
  let kilt: FilePath

  var root: FilePath { scratch.appending("repository") }

  /// - Parameters:
  ///   - packages: how many there are, each with four Python files.
  ///   - options: further ones of `generate-repository`.
  init(packages: Int = 12, options: [String] = []) throws {
    scratch = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-monorepo"))
    kilt = try executablePath().removingLastComponent().appending("kilt")
    try #require(FileSystem.isExecutable(kilt), "\(kilt) is not built: swift build")
    let top = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .removingLastComponent()
    let made = try Subprocess(
      "python3",
      [top.appending("Benchmarks/generate-repository").string, "--packages", "\(packages)", root.string] + options
    ).run()
    try #require(made.termination.isSuccess, "\(made.errorText)")
  }

  deinit {
    do { try FileSystem.removeTree(scratch) } catch { Issue.record("the scratch folder stays: \(error)") }
  }

  /// The environment of runs: nothing of this process's own that Kilt reads; `changes` are added.
  func environment(_ changes: [String] = []) -> [String] {
    let names = Set(changes.map { $0.prefix { $0 != "=" } })
    let own = ["LC_ALL=C", "KILT_CACHE_DIR=\(scratch.appending("cache"))"]
    return
      (environmentStrings().filter { !$0.hasPrefix("KILT_") && !$0.hasPrefix("PEX_") } + own)
      .filter { !names.contains($0.prefix { $0 != "=" }) } + changes
  }

  /// Runs `kilt`.
  func run(
    _ arguments: [String], in folder: FilePath? = nil, environment changes: [String] = []
  ) throws -> Subprocess.Outcome {
    try Subprocess(
      kilt.string, arguments, environment: environment(changes), workingDirectory: folder ?? root,
      deadlineMilliseconds: 120_000
    ).run()
  }

  /// What a run says, in one text.
  static func text(_ outcome: Subprocess.Outcome) -> String {
    "\(outcome.termination)\n\(outcome.text)\n\(outcome.errorText)"
  }

  /// What a run says to which nothing is known.
  func coldAnswer(_ arguments: [String], environment changes: [String] = []) throws -> String {
    Self.text(try run(arguments, environment: changes + ["KILT_SNAPSHOT=off"]))
  }

  /// Expects that a run on what is known says what one says to which nothing is known.
  @discardableResult
  func expectColdAnswer(
    _ arguments: String..., environment changes: [String] = [], comment: String = "",
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws -> String {
    let answer = Self.text(try run(arguments, environment: changes))
    let cold = try coldAnswer(arguments, environment: changes)
    #expect(
      answer == cold, "\(comment) \(arguments): it is\n\(answer)\nand not\n\(cold)", sourceLocation: sourceLocation)
    return answer
  }

  /// Files below the state directory, with size and times: what a run that writes nothing leaves as it is.
  func stateOnDisk() throws -> [String] {
    var found: [String] = []
    func walk(_ folder: FilePath) throws {
      for entry in try FileSystem.list(folder) {
        let status = try FileSystem.status(of: folder.appending(entry.name))
        found.append("\(folder)/\(entry.name) \(status.size) \(status.changeTime) \(status.inode)")
        if entry.kind == .directory { try walk(folder.appending(entry.name)) }
      }
    }
    let state = root.appending(".kilt")
    if FileSystem.exists(state) { try walk(state) }
    return found
  }

  /// Repeats a run until it writes nothing more: what has only just been edited is looked at again by the next run.
  func settle(_ arguments: String...) throws {
    for _ in 0..<50 {
      let before = try stateOnDisk()
      let outcome = try run(arguments)
      try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
      if try !before.isEmpty && before == stateOnDisk() { return }
    }
    Issue.record("\(arguments) writes in each of fifty runs")
  }

  // MARK: Editing

  func write(_ path: String, _ text: String) throws {
    let file = root.appending(path)
    try FileSystem.createDirectories(file.removingLastComponent())
    try FileSystem.write(text: text, to: file)
  }

  func append(_ path: String, _ text: String) throws {
    try write(path, try FileSystem.readText(root.appending(path)) + text)
  }
}
