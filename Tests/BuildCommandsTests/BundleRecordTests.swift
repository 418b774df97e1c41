import Bundles
import Digests
import SystemSupport
import Testing

@testable import BuildCommands

@Suite struct BundleRecordTests {
  private func makeRecord(in root: FilePath) throws -> BundleBuildRecord {
    let path = root.appending("dist/x.pex")
    try FileSystem.createDirectories(path.removingLastComponent())
    try FileSystem.write(text: "bundle", to: path)
    let segment = Bundle.Segment(kind: .wheel, name: "a.whl", sha256: .of("a"), offset: 3, size: 4)
    var bundle = Bundle(
      path: path, size: 6, segments: [segment], id: "0123", pythonMinors: [11, 12],
      collisions: [Bundle.Collision(path: "a", used: "one.whl", hidden: "other.whl", isHarmless: true)])
    bundle.memberCount = 7
    bundle.platforms = [["one.whl"], ["other.whl"]]
    return BundleBuildRecord(key: .of("key"), bundle: bundle, stamp: try BundleBuildRecord.stamp(of: path))
  }

  private func withRoot(_ body: (FilePath) throws -> Void) throws {
    let root = try FileSystem.makeTemporaryDirectory(prefix: "record")
    defer {
      do { try FileSystem.removeTree(root) } catch { Issue.record("\(root) stays: \(error)") }
    }
    try body(root)
  }

  @Test func aRecordIsReadAsItWasWritten() throws {
    try withRoot { root in
      let record = try makeRecord(in: root)
      try record.write(to: root.appending("record.json"), root: root)
      let read = try #require(BundleBuildRecord.read(root.appending("record.json"), root: root))
      #expect(read.key == record.key)
      #expect(read.stamp == record.stamp)
      #expect(read.format == record.format)
      #expect(read.bundle == record.bundle)
      #expect(read.isIntact)
    }
  }

  @Test func aRecordThatMovedSpeaksOfTheFilesBesideIt() throws {
    try withRoot { root in
      try makeRecord(in: root).write(to: root.appending("record.json"), root: root)
      let read = try #require(BundleBuildRecord.read(root.appending("record.json"), root: "/elsewhere"))
      #expect(read.bundle.path == "/elsewhere/dist/x.pex")
      #expect(!read.isIntact)
    }
  }

  @Test func aFileThatWasChangedIsNotIntact() throws {
    try withRoot { root in
      let record = try makeRecord(in: root)
      try FileSystem.write(text: "bundel", to: record.bundle.path)
      #expect(!record.isIntact)
    }
  }

  @Test func aDirectoryOfWhichOneFileWasChangedIsNotIntact() throws {
    try withRoot { root in
      var record = try makeRecord(in: root)
      let file = root.appending("dist/y.pex/.deps/a.whl/a.py")
      try FileSystem.createDirectories(file.removingLastComponent())
      try FileSystem.write(text: "a = 1", to: file)
      record.bundle.path = root.appending("dist/y.pex")
      record.bundle.layout = .loose
      record.stamp = try BundleBuildRecord.stamp(of: record.bundle.path)
      #expect(record.isIntact)
      try FileSystem.write(text: "a = 2", to: file)
      #expect(!record.isIntact)
    }
  }

  @Test func aDamagedRecordIsNone() throws {
    try withRoot { root in
      let path = root.appending("record.json")
      try makeRecord(in: root).write(to: path, root: root)
      let text = try FileSystem.read(path)
      for length in 0..<text.count - 2 {
        try FileSystem.write(Array(text.prefix(length)), to: path)
        #expect(BundleBuildRecord.read(path, root: root) == nil)
      }
      #expect(BundleBuildRecord.read(root.appending("none.json"), root: root) == nil)
    }
  }
}
