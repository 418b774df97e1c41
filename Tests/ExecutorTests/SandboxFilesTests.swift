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

  private func text(_ path: String) -> String? {
    guard case .file(let file) = files.content(at: path), let bytes = try? file.read(at: 0) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func names(_ path: String) -> [String]? {
    guard case .directory(let entries) = files.content(at: path) else { return nil }
    return entries.map(\.name)
  }

  @Test func filesAndFoldersAreShown() throws {
    #expect(names("") == ["folder"])
    #expect(names("folder/") == ["file"])
    #expect(text("folder/file") == "content")
    #expect(text("folder//file") == "content")
    #expect(files.content(at: "other") == nil)
    #expect(files.content(at: "folder/file/below") == nil)
  }

  @Test(arguments: ["../secret", "folder/../../secret", "..", "./../secret", "folder/..", "a\0b"])
  func nothingAboveTheSandboxIsReached(path: String) { #expect(files.content(at: path) == nil) }

  @Test func linksLeadNowhere() throws {
    let sandbox = scratch.appending("sandbox")
    try FileSystem.createSymbolicLink(at: sandbox.appending("link"), to: scratch.appending("secret"))
    try FileSystem.createSymbolicLink(at: sandbox.appending("up"), to: "..")
    try FileSystem.createSymbolicLink(at: sandbox.appending("inner"), to: "folder")
    #expect(names("") == ["folder"])
    for path in ["link", "up", "up/secret", "inner", "inner/file"] { #expect(files.content(at: path) == nil) }
  }

  @Test func whatIsNoFileHoldsNobodyUp() throws {
    #expect(mkfifo(scratch.appending("sandbox/pipe").string, 0o600) == 0)
    #expect(files.content(at: "pipe") == nil)
    #expect(names("") == ["folder"])
  }

  @Test("A large file is read in pieces, and the list of a large directory is truncated")
  func large() throws {
    let large = scratch.appending("sandbox/large")
    try FileSystem.write(Array(repeating: 65, count: 100_000), to: large)
    guard case .file(let file) = files.content(at: "large") else {
      Issue.record("no file")
      return
    }
    #expect(try file.read(at: 0, limit: 65536).count == 65536)
    #expect(try file.read(at: 65536, limit: 65536).count == 100_000 - 65536)
    #expect(try file.read(at: 100_000).isEmpty)
    for number in 0...SandboxFiles.largestFolder {
      try FileSystem.write(text: "", to: scratch.appending("sandbox/folder/\(number)"))
    }
    #expect(names("folder")?.count == SandboxFiles.largestFolder)
  }
}
