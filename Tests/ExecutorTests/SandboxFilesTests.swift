import Glibc
import SystemSupport
import Testing

@testable import Executor

@Suite final class SandboxFilesTests {
  private let scratch: FilePath
  private var files: SandboxFiles { SandboxFiles(root: scratch.appending("sandbox").string) }

  init() throws {
    scratch = try FileSystem.makeTemporaryDirectory(prefix: "files")
    try FileSystem.createDirectories(scratch.appending("sandbox/folder"))
    try FileSystem.write(text: "secret", to: scratch.appending("secret"))
    try FileSystem.write(text: "content", to: scratch.appending("sandbox/folder/file"))
  }

  deinit { do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") } }

  private func text(_ path: String) throws -> String? {
    guard case .file(let file) = try files.content(at: path) else { return nil }
    return String(decoding: try file.read(at: 0), as: UTF8.self)
  }

  private func names(_ path: String) throws -> [String]? {
    guard case .directory(let entries) = try files.content(at: path) else { return nil }
    return entries.map(\.name)
  }

  @Test func filesAndFoldersAreShown() throws {
    #expect(try names("") == ["folder"])
    #expect(try names("folder/") == ["file"])
    #expect(try text("folder/file") == "content")
    #expect(try text("folder//file") == "content")
    #expect(try files.content(at: "other") == nil)
    #expect(try files.content(at: "folder/file/below") == nil)
  }

  @Test(arguments: ["../secret", "folder/../../secret", "..", "./../secret", "folder/..", "a\0b"])
  func nothingAboveTheSandboxIsReached(path: String) throws { #expect(try files.content(at: path) == nil) }

  @Test func linksLeadNowhere() throws {
    let sandbox = scratch.appending("sandbox")
    try FileSystem.createSymbolicLink(at: sandbox.appending("link"), to: scratch.appending("secret"))
    try FileSystem.createSymbolicLink(at: sandbox.appending("up"), to: "..")
    try FileSystem.createSymbolicLink(at: sandbox.appending("inner"), to: "folder")
    #expect(try names("") == ["folder"])
    for path in ["link", "up", "up/secret", "inner", "inner/file"] { #expect(try files.content(at: path) == nil) }
  }

  @Test func whatIsNoFileHoldsNobodyUp() throws {
    #expect(mkfifo(scratch.appending("sandbox/pipe").string, 0o600) == 0)
    #expect(try files.content(at: "pipe") == nil)
    #expect(try names("") == ["folder"])
  }

  @Test("A file that cannot be opened is an error, not a missing file", arguments: [EMFILE, EIO, EACCES, ENOMEM])
  func shortage(code: Int32) throws {
    let root = scratch.appending("sandbox").string
    var (first, below) = (FileCalls.system, FileCalls.system)
    first.open = { _, _ in -code }
    below.openBelow = { _, _, _ in -code }
    for (calls, paths) in [(first, ["", "folder", "missing"]), (below, ["folder", "folder/file", "missing"])] {
      let files = SandboxFiles(root: root, calls: calls)
      for path in paths {
        let error = #expect(throws: SystemCallError.self) { _ = try files.content(at: path) }
        #expect(error?.errno.rawValue == code)
        let answer = RemoteRequests.answer(files, path, 0)
        #expect(answer.first == UInt8(ascii: "e") && answer.count > 1)
      }
    }
    #expect(RemoteRequests.answer(files, "folder/file", 4) == Array("fent".utf8))
    #expect(RemoteRequests.answer(files, "missing", 0) == Array("-".utf8))
    #expect(RemoteRequests.answer(files, "folder", 0).first == UInt8(ascii: "d"))
  }

  @Test("A large file is read in pieces, and the list of a large directory is truncated")
  func large() throws {
    let large = scratch.appending("sandbox/large")
    try FileSystem.write(Array(repeating: 65, count: 100_000), to: large)
    guard case .file(let file) = try files.content(at: "large") else {
      Issue.record("no file")
      return
    }
    #expect(try file.read(at: 0, limit: 65536).count == 65536)
    #expect(try file.read(at: 65536, limit: 65536).count == 100_000 - 65536)
    #expect(try file.read(at: 100_000).isEmpty)
    for number in 0...SandboxFiles.largestFolder {
      try FileSystem.write(text: "", to: scratch.appending("sandbox/folder/\(number)"))
    }
    #expect(try names("folder")?.count == SandboxFiles.largestFolder)
  }
}
