import PythonImports
import SystemSupport
import Testing

/// What CPython's own parser finds in the same files is what has to be found.
@Suite struct StandardLibraryTests {
  /// A real interpreter: a shim that starts another program does not count.
  static func interpreter() throws -> String {
    for name in ["python3.13", "python3.12", "python3.11", "python3"] {
      guard let path = Subprocess.find(name) else { continue }
      let outcome = try Subprocess(path.string, ["-c", "import sys; print(sys.executable)"]).run()
      if outcome.termination.isSuccess { return outcome.text }
    }
    Issue.record("no python3 on the PATH: install python3")
    return ""
  }

  /// The program that walks CPython's syntax trees; see its head for what it prints.
  static let oracle = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    .appending("Benchmarks/imports/oracle.py")

  /// An import in the form of the oracle.
  static func describe(_ found: PythonImport) -> String {
    let isCall = found.form == .builtinCall || found.form == .importModuleCall
    let marks = (found.isWeak ? "?" : "") + (found.isTypeCheckingOnly ? "~" : "") + (isCall ? "c" : "")
    let module = String(repeating: ".", count: found.level) + found.module
    return "\(found.line) \(module) \(found.name ?? "-") \(marks)"
  }

  @Test func everyImportOfTheStandardLibraryIsFound() throws {
    let interpreter = try Self.interpreter()
    try #require(!interpreter.isEmpty)
    let query = "import os, sys; print(os.path.dirname(os.__file__)); print(sys.version_info >= (3, 12))"
    let facts = try Subprocess(interpreter, ["-c", query]).run().text.split(separator: "\n").map(String.init)
    try #require(facts.count == 2)
    // Earlier Pythons do not know on which line an expression in an f-string stands.
    let countsCalls = facts[1] == "True"
    let outcome = try Subprocess(interpreter, [Self.oracle.string, facts[0]]).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    var expected: [(path: String, imports: [String])] = []
    for line in outcome.text.split(separator: "\n") {
      if line.hasPrefix("F ") {
        expected.append((String(line.dropFirst(2)), []))
      } else if countsCalls || !line.hasSuffix("c") {
        expected[expected.count - 1].imports.append(String(line.dropFirst(2)))
      }
    }
    #expect(expected.count > 500)
    var imports = 0
    for entry in expected {
      let parsed = PythonFileImports(parsing: try FileSystem.read(FilePath(entry.path)))
      let found = parsed.imports.map(Self.describe).filter { countsCalls || !$0.hasSuffix("c") }
      imports += found.count
      #expect(found.sorted() == entry.imports.sorted(), "\(entry.path)")
    }
    #expect(imports > 5000)
  }
}
