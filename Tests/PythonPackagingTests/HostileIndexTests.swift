import ContentStore
import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import PythonPackaging

/// Indexes that answer nonsense, and wheels whose metadata does not fit: errors that name the index or the wheel.
@Suite struct HostileIndexTests {
  private let repository: SimpleRepository
  private let server: RepositoryServer

  init() throws {
    repository = try SimpleRepository()
    try repository.add("lib", "1.0")
    server = try RepositoryServer(repository.folder)
  }

  private func provider(_ kind: String) -> WheelProvider {
    WheelProvider(
      store: ContentStore(root: repository.folder.appending("store")), root: repository.folder,
      index: IndexConfiguration(indexes: ["\(server.url)/\(kind)"])
    ) { [] }
  }

  private func fetch(_ kind: String) throws -> Diagnostic? {
    let file = "lib-1.0-py3-none-any.whl"
    let (digest, size) = try SHA256Digest.ofFile(repository.folder.appending(file))
    let package = LockedPackage(
      name: try #require(PackageName("lib")), version: "1.0",
      files: [LockedFile(name: file, size: size, sha256: digest)])
    do {
      _ = try provider(kind).wheels(for: [package], target: target("3.11"))
      return nil
    } catch let error as any DiagnosableError {
      return error.diagnostic
    }
  }

  @Test(arguments: [
    ("deep", "is not a page of a package index"), ("text-as-json", "is not a page of a package index"),
    ("list", "is not a page of a package index"), ("odd-types", "no package index has \"lib-1.0-py3-none-any.whl\""),
    ("to-file", ""), ("file-link", ""), ("short", ""), ("bomb", ""), ("lying-hash", "is not the file that was locked"),
    ("empty", "no package index has \"lib-1.0-py3-none-any.whl\""),
    ("binary", "no package index has \"lib-1.0-py3-none-any.whl\""),
  ])
  func anIndexThatAnswersNonsenseIsAnError(kind: String, summary: String) throws {
    let diagnostic = try #require(try fetch("hostile-" + kind), "\(kind) was taken")
    let text = DiagnosticRenderer(color: false).render(diagnostic)
    #expect(diagnostic.summary.contains(summary), "\(text)")
    #expect(text.contains("127.0.0.1") || text.contains("lib-1.0-py3-none-any.whl"), "\(text)")
    #expect(diagnostic.blame != .defect)
    let store = repository.folder.appending("store/blobs")
    let kept = FileSystem.exists(store) ? try Subprocess("find", [store.string, "-type", "f"]).run().text : ""
    #expect(kept.isEmpty)
  }

  /// What comes of a wheel with these members in a lock without dependencies: the name of what it requires, or the
  /// summary of the error.
  private func metadata(_ script: String) throws -> String? {
    let file = repository.folder.appending("odd-1.0-py3-none-any.whl")
    let program = """
      import sys, warnings, zipfile
      warnings.simplefilter('ignore')
      with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:
        def add(name, data): z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        \(script)
      """
    let made = try Subprocess(try Oracle.interpreter().string, ["-I", "-c", program, file.string]).run()
    try #require(made.termination.isSuccess, "\(made.errorText)")
    let digest = try SHA256Digest.ofFile(file).digest
    let text = "odd==1.0 --hash=sha256:\(digest.hex)\n"
    let lock = try LockfileReader.parse(Array(text.utf8), path: "r.txt", root: repository.folder)
    do {
      _ = try provider("html").completed(lock, for: [try Requirement("odd")], target: target("3.11"), path: "r.txt")
      return nil
    } catch LockError.missingDependency(let name, _, _, _) {
      // What the wheel requires, and the lock has not.
      return name
    } catch let error as any DiagnosableError {
      let text = DiagnosticRenderer(color: false).render(error.diagnostic)
      #expect(error.diagnostic.blame == .input)
      #expect(text.contains("odd-1.0-py3-none-any.whl"), "\(text)")
      return error.diagnostic.summary
    }
  }

  private static let head = "Metadata-Version: 2.1\\nName: odd\\nVersion: 1.0\\n"

  @Test func metadataThatDoesNotFitIsAnErrorThatNamesTheWheel() throws {
    func refused(_ reason: String) -> String { "cannot use the wheel \"odd-1.0-py3-none-any.whl\": \(reason)" }
    #expect(try metadata("add('odd.py', '')") == refused("it has no METADATA"))
    #expect(
      try metadata("add('odd-1.0.dist-info/METADATA', 'Name: odd\\n')") == refused("its metadata has no valid Version"))
    #expect(
      try metadata("add('odd-1.0.dist-info/METADATA', 'Name: other\\nVersion: 1.0\\n')")
        == refused("its metadata is that of other 1.0"))
    #expect(
      try metadata("add('odd-1.0.dist-info/METADATA', '\(Self.head)Requires-Dist: a b\\n')")
        == refused("its metadata has no valid Requires-Dist: \"a b\""))
    #expect(
      try metadata("add('odd-1.0.dist-info/METADATA', '\(Self.head)' + 'x' * (70 << 20))")
        == refused("its METADATA has 73400365 bytes"))
    // Another distribution that lies in the wheel is not meant.
    #expect(
      try metadata(
        "add('a-1.dist-info/METADATA', 'Name: a\\nVersion: 1\\nRequires-Dist: wrong\\n')\n  "
          + "add('Odd-1.0.dist-info/METADATA', '\(Self.head)Requires-Dist: right\\n')") == "right")
    // Bytes that are not UTF-8, in a description, have been written by old tools.
    #expect(
      try metadata(
        "add('odd-1.0.dist-info/METADATA', b'\(Self.head)Requires-Dist: right\\n\\n\\xe9\\xff')") == "right")
  }
}
