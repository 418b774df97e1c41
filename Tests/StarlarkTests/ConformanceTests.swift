import Glibc
import Starlark
import Testing

/// Runs the public conformance suite (folder `testdata` of bazelbuild/starlark's `test_suite`) where it is there, and our
/// own cases always. The suite is looked for in `KILT_STARLARK_CONFORMANCE`, else next to the repository.
@Suite struct ConformanceTests {
  @Test(arguments: files()) func everyChunkDoesWhatItsFileSays(_ path: String) throws {
    let bytes = try #require(contents(ofFile: path), "cannot read \(path)")
    let name = path.split(separator: "/").suffix(2).joined(separator: "/")
    for chunk in ChunkedFile(String(decoding: bytes, as: UTF8.self)).chunks {
      let label = "\(name):\(chunk.firstLine)"
      do {
        try Self.run(chunk.text, name)
        #expect(chunk.expected.isEmpty, "\(label): passed, but must fail with \(chunk.expected)")
      } catch let error as StarlarkError {
        let text = error.traceback
        if chunk.expected.isEmpty {
          Issue.record("\(label): \(text)")
          continue
        }
        for pattern in chunk.expected {
          let isFound = try text.contains(pattern) || text.contains(Regex(pattern).ignoresCase())
          #expect(isFound, "\(label): want an error that matches \(pattern), got \(text)")
        }
      }
    }
  }

  @Test func thePublicSuiteIsComplete() {
    let folder = Self.suite()
    guard !folder.isEmpty else { return }  // Our own cases have run; the data is not part of the repository.
    let count = Self.files().filter { $0.hasPrefix(folder) }.count
    #expect(count == 39, "\(folder) should hold the 39 files of the suite")
  }

  static func files() -> [String] {
    var result: [String] = []
    let folder = suite()
    for language in ["go", "java", "rust"] where !folder.isEmpty {
      result += names(inFolder: "\(folder)/\(language)").map { "\(folder)/\(language)/\($0)" }
    }
    let own = here() + "/Cases"
    return result + names(inFolder: own).map { "\(own)/\($0)" }
  }

  /// The folder of the suite, or nothing.
  private static func suite() -> String {
    var candidates: [String] = []
    if let named = getenv("KILT_STARLARK_CONFORMANCE") {
      candidates.append(String(cString: named))
    } else {
      // A worktree may lie a folder deeper than the repository.
      for up in ["/../..", "/../../.."] { candidates.append(here() + up + "/../shared/starlark-conformance") }
    }
    for candidate in candidates {
      for folder in [candidate, candidate + "/testdata"] where !names(inFolder: folder + "/go").isEmpty {
        return folder
      }
    }
    return ""
  }

  private static func here() -> String { #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } }

  static func run(_ text: String, _ name: String) throws {
    let program = try Program(text: text, file: name, environment: environment)
    let thread = StarlarkThread()
    _ = try thread.execute(program)
  }

  private static let environment = Environment([
    "assert_": .builtin("assert_") { call in
      let bound = try call.bind(["condition", "message"], required: 1)
      if bound[0]?.isTruthy != true { throw StarlarkError(bound[1]?.asString ?? "assertion failed") }
      return .none
    },
    "assert_eq": .builtin("assert_eq") { call in
      let bound = try call.bind(["x", "y"], required: 2).map { $0 ?? .none }
      if try !call.thread.isEqual(bound[0], bound[1]) {
        let texts = try bound.map { try call.thread.representation(of: $0) }
        throw StarlarkError("assertion: \(texts[0]) != \(texts[1])")
      }
      return .none
    },
    "assert_ne": .builtin("assert_ne") { call in
      let bound = try call.bind(["x", "y"], required: 2).map { $0 ?? .none }
      if try call.thread.isEqual(bound[0], bound[1]) {
        throw StarlarkError("assertion: \(try call.thread.representation(of: bound[0])) is equal")
      }
      return .none
    },
    "assert_fails": .builtin("assert_fails") { call in
      let bound = try call.bind(["f", "message"], required: 2)
      do {
        _ = try call.thread.call(bound[0] ?? .none)
      } catch let error as StarlarkError {
        let pattern = bound[1]?.asString ?? ""
        if try error.message.contains(Regex(pattern).ignoresCase()) { return .none }
        throw StarlarkError("got the error \(error.message), want \(pattern)")
      }
      throw StarlarkError("did not fail")
    },
  ])
}
