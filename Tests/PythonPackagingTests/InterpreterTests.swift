import Diagnostics
import SystemSupport
import Testing

@testable import PythonPackaging

@Suite struct InterpreterTests {
  private let folder: FilePath
  private let real: Interpreter

  init() throws {
    folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-interpreters")
    real = try #require(
      InterpreterFinder(cacheFile: nil).all().first, "these tests need Python: apt-get install python3")
  }

  /// A program that counts its runs in a file and is then the real interpreter.
  private func makeCounting(_ path: FilePath, counter: FilePath) throws {
    try FileSystem.createDirectories(path.removingLastComponent())
    let text = "#!/bin/sh\necho x >> '\(counter)'\nexec '\(real.path)' \"$@\"\n"
    try FileSystem.write(text: text, to: path, permissions: 0o755)
  }

  private func runs(_ counter: FilePath) throws -> Int {
    FileSystem.exists(counter) ? try FileSystem.readText(counter).split(separator: "\n").count : 0
  }

  private func finder(path: FilePath...) -> InterpreterFinder {
    InterpreterFinder(
      cacheFile: folder.appending("cache/interpreters.json"),
      environment: ["PATH": path.map(\.string).joined(separator: ":"), "HOME": folder.string])
  }

  @Test func anInterpreterIsRunOnceUntilItChanges() throws {
    let counter = folder.appending("runs")
    let program = folder.appending("bin/python3")
    try makeCounting(program, counter: counter)
    for _ in 0..<3 { #expect(try finder(path: folder.appending("bin")).find().facts == real.facts) }
    #expect(try runs(counter) == 1)
    try makeCounting(program, counter: counter)
    _ = try finder(path: folder.appending("bin")).find()
    #expect(try runs(counter) == 2)
  }

  @Test func shimsAreNeverRunAndTheVersionsBehindThemAreFound() throws {
    let shim = folder.appending("shim-runs"), counter = folder.appending("runs")
    try makeCounting(folder.appending("pyenv/shims/python3"), counter: shim)
    try makeCounting(folder.appending("pyenv/versions/3.1.0/bin/python3"), counter: counter)
    try makeCounting(folder.appending("pyenv/versions/3.2.0/bin/python3"), counter: counter)
    try FileSystem.write(text: "3.1.0\n", to: folder.appending("pyenv/version"))
    let found = try finder(path: folder.appending("pyenv/shims")).find()
    #expect(found.path.string.hasSuffix("pyenv/versions/3.1.0/bin/python3"))
    #expect(finder(path: folder.appending("pyenv/shims")).candidates().count == 2)
    #expect(try runs(shim) == 0)
    #expect(try runs(counter) == 1)
  }

  @Test func whenNoneMatchesTheErrorListsWhatThereIs() throws {
    try makeCounting(folder.appending("bin/python3"), counter: folder.appending("runs"))
    try FileSystem.write(
      text: "#!/bin/sh\necho no python >&2\nexit 3\n", to: folder.appending("bin/python"), permissions: 0o755)
    let constraint = try #require(InterpreterConstraint("CPython>=2.0,<2.1"))
    let error = #expect(throws: InterpreterError.self) { try finder(path: folder.appending("bin")).find([constraint]) }
    let diagnostic = try #require(error).diagnostic
    #expect(diagnostic.blame == .environment)
    #expect(diagnostic.summary == "no Python interpreter that meets CPython<2.1,>=2.0")
    let notes = diagnostic.notes.joined(separator: "\n")
    #expect(notes.contains("/bin/python3 (\(real.facts.implementation) \(real.facts.version))"))
    #expect(notes.contains("/bin/python (no python)"))
  }

  @Test func aDamagedCacheIsAnEmptyOne() throws {
    try makeCounting(folder.appending("bin/python3"), counter: folder.appending("runs"))
    try FileSystem.createDirectories(folder.appending("cache"))
    try FileSystem.write(text: "{\"format\": 1, \"interp", to: folder.appending("cache/interpreters.json"))
    #expect(try finder(path: folder.appending("bin")).find().facts == real.facts)
    #expect(try finder(path: folder.appending("bin")).find().facts == real.facts)
    #expect(try runs(folder.appending("runs")) == 1)
  }

  @Test(arguments: [
    ("CPython>=3.9,<3.13", "3.9"), ("CPython==3.11.*", "3.11"), (">=3.8.1", "3.8"), ("CPython>=3.11.4,<3.12", "3.11"),
  ])
  func constraintsKnowWhichPythonsTheyMayAdmit(text: String, lowest: String) throws {
    let constraint = try #require(InterpreterConstraint(text))
    let minor = (UInt64(0)...20).first { constraint.mayAdmit(major: 3, minor: $0) }
    #expect("3.\(minor ?? 99)" == lowest)
  }

  private func finder(_ environment: [String: String]) -> InterpreterFinder {
    InterpreterFinder(cacheFile: nil, environment: environment.merging(["HOME": folder.string]) { $1 })
  }

  @Test func pexPythonNamesTheOneInterpreter() throws {
    let counter = folder.appending("runs")
    try makeCounting(folder.appending("a/python3"), counter: counter)
    try makeCounting(folder.appending("b/python3.9"), counter: counter)
    let path = "\(folder.appending("a")):\(folder.appending("b"))"
    #expect(try finder(["PATH": path]).find().path.string.hasSuffix("/a/python3"))
    #expect(try finder(["PATH": path, "PEX_PYTHON": "python3.9"]).find().path.string.hasSuffix("/b/python3.9"))
    let program = folder.appending("b/python3.9").string
    #expect(finder(["PATH": "/nonexistent", "PEX_PYTHON": program]).all().count == 1)
    let error = #expect(throws: InterpreterError.self) {
      try finder(["PATH": path, "PEX_PYTHON": "python2.0"]).find()
    }
    #expect(error?.diagnostic.notes.contains("  python2.0 (named by PEX_PYTHON, does not exist)") == true)
  }

  @Test func pexPythonPathTakesThePlaceOfThePath() throws {
    let counter = folder.appending("runs")
    try makeCounting(folder.appending("a/python3"), counter: counter)
    try makeCounting(folder.appending("b/python3"), counter: counter)
    let path = folder.appending("a").string
    for place in [folder.appending("b"), folder.appending("b/python3")] {
      let found = finder(["PATH": path, "PEX_PYTHON_PATH": place.string]).all().map(\.path.string)
      #expect(found.count == 1 && found[0].hasSuffix("/b/python3"))
    }
  }

  @Test func pexPythonIsFoundBehindShims() throws {
    let shim = folder.appending("shim-runs")
    try makeCounting(folder.appending("pyenv/shims/python3.1"), counter: shim)
    try makeCounting(folder.appending("pyenv/versions/3.1.0/bin/python3.1"), counter: folder.appending("runs"))
    let environment = ["PATH": folder.appending("pyenv/shims").string, "PEX_PYTHON": "python3.1"]
    #expect(try finder(environment).find().path.string.hasSuffix("versions/3.1.0/bin/python3.1"))
    #expect(try runs(shim) == 0)
  }
}
