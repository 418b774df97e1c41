import JSON
import Synchronization
import SystemSupport
import Testing

@testable import PythonPackaging

/// The `packaging` library, asked in batches: thousands of questions, one process.
///
/// Taken from an interpreter that has it in a version that follows today's specifications, otherwise installed into a
/// virtual environment in the temporary folder, which later runs use again.
enum Oracle {
  /// Earlier ones differ from the specifications: in exclusive comparisons, texts in markers, names of macOS binaries.
  private static let oldest = Version(release: [26, 3])
  private static let python = Mutex<Result<FilePath, any Error>?>(nil)

  struct OracleError: Error { var message: String }

  /// Runs `program`, which finds the questions in `cases` and puts the answers into `answers`.
  static func ask(_ program: String, _ cases: [JSONValue]) throws -> [JSONValue] {
    let python = try interpreter()
    let script =
      "import json, sys\ncases = json.load(sys.stdin)\nanswers = []\n\(program)\nprint(json.dumps(answers))\n"
    let outcome = try Subprocess(
      python.string, ["-I", "-B", "-c", script], input: JSONValue.array(cases).bytes(), deadlineMilliseconds: 300_000
    ).run()
    try #require(outcome.termination.isSuccess, "the oracle failed: \(outcome.errorText)")
    let answers = try #require(JSONValue(parsing: outcome.output).array)
    try #require(answers.count == cases.count)
    return answers
  }

  static func interpreter() throws -> FilePath {
    try python.withLock { python in
      let result = python ?? Result { try findInterpreter() }
      python = result
      return try result.get()
    }
  }

  private static func findInterpreter() throws -> FilePath {
    let found = InterpreterFinder(cacheFile: nil).all()
    let folder = FilePath(environmentVariable("TMPDIR") ?? "/tmp").appending("kilt-test-packaging")
    let venv = folder.appending("bin/python")
    for path in [venv] + found.map(\.path) where hasPackaging(path) { return path }
    guard let base = found.first(where: { $0.facts.version >= Version(release: [3, 9]) }) else {
      throw OracleError(message: "these tests need Python 3.9 or later: apt-get install python3 python3-venv")
    }
    do {
      let lock = try FileLock(waitingFor: folder.removingLastComponent().appending("kilt-test-packaging.lock"))
      var said = ""
      // Another test run may have been first.
      if !hasPackaging(venv) {
        said += try Subprocess(base.path.string, ["-m", "venv", "--clear", folder.string]).run().errorText
        said += try Subprocess(venv.string, ["-m", "pip", "install", "--quiet", "packaging>=26.3"]).run().errorText
      }
      _ = consume lock
      guard hasPackaging(venv) else { throw OracleError(message: "packaging cannot be installed: \(said)") }
      return venv
    } catch {
      throw OracleError(message: "packaging 26.3 or later is needed (pip install packaging): \(error)")
    }
  }

  private static func hasPackaging(_ python: FilePath) -> Bool {
    guard FileSystem.isExecutable(python),
      let outcome = try? Subprocess(
        python.string, ["-I", "-B", "-c", "import packaging; print(packaging.__version__)"]
      ).run(), outcome.termination.isSuccess, let version = Version(outcome.text)
    else { return false }
    return version >= oldest
  }
}

/// A generator of pseudo-random numbers that gives the same ones each time (SplitMix64).
struct Dice {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func roll(_ sides: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(sides))
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[roll(elements.count)] }

  mutating func chance(_ percent: Int) -> Bool { roll(100) < percent }
}
