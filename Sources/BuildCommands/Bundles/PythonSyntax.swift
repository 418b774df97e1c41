internal import SystemSupport

/// Compares Python files as syntax trees, with an interpreter of this machine.
struct PythonSyntax: Sendable {
  /// Nil if there is no Python: then no files are known to be equal.
  var interpreter: FilePath?

  private static let script = """
    import ast, sys
    data = sys.stdin.buffer.read()
    size = int(data[:20])
    first, second = data[20:20 + size], data[20 + size:]
    sys.exit(0 if ast.dump(ast.parse(first)) == ast.dump(ast.parse(second)) else 1)
    """

  /// Whether two files differ only in comments and white space. A file that is not Python equals nothing.
  func isSame(_ first: [UInt8], _ second: [UInt8]) -> Bool {
    guard let interpreter else { return false }
    let length = String(first.count)
    let padded = String(repeating: "0", count: 20 - length.utf8.count) + length
    // A Python that cannot be started or does not end leaves the files different.
    let outcome = try? Subprocess(
      interpreter.string, ["-I", "-S", "-c", Self.script], input: Array(padded.utf8) + first + second,
      deadlineMilliseconds: 20_000
    ).run()
    return outcome?.termination.isSuccess ?? false
  }
}
