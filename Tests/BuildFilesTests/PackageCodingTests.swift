import BuildFiles
import Snapshot
import Starlark
import Testing

/// Packages as the snapshot keeps them: all that a BUILD file can say comes back.
@Suite struct PackageCodingTests {
  private static let text = """
    __defaults__({python_sources: dict(tags=["a"])}, extend=True)
    __dependencies_rules__((("<python_*>", {"path": "//src/**", "tags": ["x"]}), "!lib/**", "?.", "*"), extend=True)
    __dependents_rules__(("*", {"type": python_sources, "action": "warn"}, "*"))
    load("m.star", "f")
    python_sources(
      name="lib", description=None, dependencies=["!:x", "a/b:c"], overrides={("a.py", "b.py"): {"tags": ["t"]}},
      interpreter_constraints=parametrize(new=[">=3.9"], old=[">=3.8"]),
    )
    python_tests(name="t", xdist_concurrency=-3, **parametrize("g", tags=["1"]), **parametrize("h", tags=["2"]))
    file(name="f", source=http_source("https://example.org/f", len=3, sha256="0" * 64))
    pex_binary(name="b", entry_point="a:m", env={"HOME": env("SOME_VARIABLE", "x")})
    """

  @Test func everythingIsReadAsItWasWritten() throws {
    var options = BuildFileEvaluator.Options(environment: { _ in "é\n" }, read: { _ in Array("f = 1\n".utf8) })
    options.ignoresUnknownTypes = true
    let evaluator = try BuildFileEvaluator(options: options)
    let package = try evaluator.evaluate(
      directory: "src/d", files: [SourceFile(name: "src/d/BUILD", bytes: Array(Self.text.utf8))])
    for stored in [package, BuildDirectory.resolve([package]).packages[0]] {
      var writer = ByteWriter()
      stored.encode(into: &writer)
      let (read, isWhole) = try writer.bytes.withUnsafeBytes { bytes in
        var reader = ByteReader(bytes)
        return (try BuildDirectory(from: &reader), reader.isAtEnd)
      }
      #expect(isWhole)
      // Compared as text, so that a property that is added later is compared as well.
      var (written, found) = ("", "")
      dump(stored, to: &written)
      dump(read, to: &found)
      #expect(Self.withoutIdentities(written) == Self.withoutIdentities(found))
      #expect(!stored.targets.isEmpty && stored.visibility.count == 2)
    }
  }

  /// `dump` numbers objects; equal contents may be one object here and two there.
  private static func withoutIdentities(_ text: String) -> [Substring] {
    text.split(separator: "\n").map { line in line.split(separator: " #").first ?? line }
  }

  @Test func bytesCutOffAreAnError() throws {
    let package = try BuildFileEvaluator().evaluate(
      directory: "", files: [SourceFile(name: "BUILD", bytes: Array("target(name='t', tags=['x'])\n".utf8))])
    var writer = ByteWriter()
    package.encode(into: &writer)
    for length in 0..<writer.bytes.count {
      #expect(throws: SnapshotError.self) {
        try writer.bytes[..<length].withUnsafeBytes { bytes in
          var reader = ByteReader(bytes)
          _ = try BuildDirectory(from: &reader)
        }
      }
    }
  }
}
