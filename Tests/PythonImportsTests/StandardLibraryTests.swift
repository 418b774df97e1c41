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

  /// Prints every file of the standard library that parses, and behind it its imports, in the form of `summary`.
  static let script = """
    import ast, os, sys, tokenize
    root = os.path.dirname(os.__file__)
    for directory, names, files in os.walk(root):
        names[:] = [n for n in names if n != "site-packages"]
        for name in files:
            if not name.endswith(".py"):
                continue
            path = os.path.join(directory, name)
            try:
                with open(path, "rb") as f:
                    source = f.read()
                tree = ast.parse(source)
            except Exception:
                continue
            found = []
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    found += [(getattr(a, "lineno", node.lineno), a.name, "") for a in node.names]
                elif isinstance(node, ast.ImportFrom):
                    module = "." * node.level + (node.module or "")
                    found += [(getattr(a, "lineno", node.lineno), module, a.name) for a in node.names]
            sys.stdout.buffer.write(("F " + path + "\\n").encode("utf-8", "surrogateescape"))
            for line, module, name in sorted(found):
                sys.stdout.buffer.write(("I %d %s %s\\n" % (line, module, name)).encode())
    """

  @Test func everyImportOfTheStandardLibraryIsFound() throws {
    let interpreter = try Self.interpreter()
    try #require(!interpreter.isEmpty)
    let outcome = try Subprocess(interpreter, ["-W", "ignore", "-c", Self.script]).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    var expected: [(path: String, imports: [String])] = []
    for line in outcome.text.split(separator: "\n") {
      if line.hasPrefix("F ") {
        expected.append((String(line.dropFirst(2)), []))
      } else {
        expected[expected.count - 1].imports.append(String(line.dropFirst(2)))
      }
    }
    #expect(expected.count > 500)
    var imports = 0
    for entry in expected {
      let parsed = PythonFileImports(parsing: try FileSystem.read(FilePath(entry.path)))
      let found = parsed.imports.filter { $0.form == .statement || $0.form == .from }.map { found in
        "\(found.line) " + String(repeating: ".", count: found.level) + found.module + " \(found.name ?? "")"
      }
      imports += found.count
      #expect(found.sorted() == entry.imports.sorted(), "\(entry.path)")
    }
    #expect(imports > 5000)
  }
}
