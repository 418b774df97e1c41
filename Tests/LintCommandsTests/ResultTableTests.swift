import Digests
import JSON
import SystemSupport
import Testing
import Workspace

@testable import LintCommands

/// What is kept of results, and what is not believed.
@Suite struct ResultTableTests {
  private let workspace: Workspace
  private let context = SHA256Digest.of("context")

  init() throws {
    let root = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-results"))
    workspace = Workspace(root: root, configuration: WorkspaceConfiguration())
  }

  private var file: FilePath { workspace.stateDirectory.path.appending("lint/results") }

  private func key(_ content: String, _ path: String = "a.py") -> FileKey {
    FileKey(SHA256Digest.of(content), path: path)
  }

  @Test("Results read back by content, path and context, and earlier ones stay")
  func roundTrip() throws {
    defer { try? FileSystem.removeTree(workspace.root) }
    var table = ResultTable(workspace.stateDirectory)
    for number in 0..<500 { table.set(nil, for: key("\(number)"), in: context) }
    table.set(["finding"], for: key("bad"), in: context)
    table.save()
    var second = ResultTable(workspace.stateDirectory)
    for number in 0..<500 { #expect(second.result(key("\(number)"), in: context) == .some(nil)) }
    #expect(second.result(key("bad"), in: context) == .some(["finding"]))
    #expect(second.result(key("500"), in: context) == nil)
    #expect(second.result(key("1", "b.py"), in: context) == nil)
    #expect(second.result(key("1"), in: SHA256Digest.of("other")) == nil)
    second.set(nil, for: key("500"), in: context)
    second.save()
    var third = ResultTable(workspace.stateDirectory)
    for number in 0...500 { #expect(third.result(key("\(number)"), in: context) == .some(nil)) }
  }

  @Test("A table that is cut off or changed at any byte is empty")
  func damage() throws {
    defer { try? FileSystem.removeTree(workspace.root) }
    var table = ResultTable(workspace.stateDirectory)
    table.set(nil, for: key("1"), in: context)
    table.set(["finding"], for: key("2"), in: context)
    table.save()
    let whole = try FileSystem.read(file)
    for offset in whole.indices {
      var bytes = whole
      bytes[offset] ^= 0x41
      try FileSystem.write(bytes, to: file)
      var changed = ResultTable(workspace.stateDirectory)
      #expect(changed.result(key("1"), in: context) == nil, "\(offset)")
      try FileSystem.write(Array(whole[..<offset]), to: file)
      var cut = ResultTable(workspace.stateDirectory)
      #expect(cut.result(key("1"), in: context) == nil, "\(offset)")
    }
  }
}
