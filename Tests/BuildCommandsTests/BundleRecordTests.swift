import Bundles
import Digests
import SystemSupport
import Testing

@testable import BuildCommands

@Suite struct BundleRecordTests {
  private func makeRecord(in root: FilePath) throws -> BundleRecord {
    let path = root.appending("dist/x.pex")
    try FileSystem.createDirectories(path.removingLastComponent())
    try FileSystem.write(text: "bundle", to: path)
    let segment = Bundle.Segment(kind: .wheel, name: "a.whl", sha256: .of("a"), offset: 3, size: 4)
    let bundle = Bundle(
      path: path, sha256: .of("bundle"), size: 6, segments: [segment], id: "0123", pythonMinors: [11, 12],
      collisions: [])
    return BundleRecord(key: .of("key"), bundle: bundle, stamp: BundleRecord.stamp(of: try FileSystem.status(of: path)))
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
      let read = try #require(BundleRecord.read(root.appending("record.json"), root: root))
      #expect(read.key == record.key)
      #expect(read.stamp == record.stamp)
      #expect(read.bundle.path == record.bundle.path)
      #expect(read.bundle.sha256 == record.bundle.sha256)
      #expect(read.bundle.segments == record.bundle.segments)
      #expect(read.bundle.pythonMinors == record.bundle.pythonMinors)
      #expect(read.isIntact)
    }
  }

  @Test func aRecordThatMovedSpeaksOfTheFilesBesideIt() throws {
    try withRoot { root in
      try makeRecord(in: root).write(to: root.appending("record.json"), root: root)
      let read = try #require(BundleRecord.read(root.appending("record.json"), root: "/elsewhere"))
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

  @Test func aDamagedRecordIsNone() throws {
    try withRoot { root in
      let path = root.appending("record.json")
      try makeRecord(in: root).write(to: path, root: root)
      let text = try FileSystem.read(path)
      for length in 0..<text.count - 2 {
        try FileSystem.write(Array(text.prefix(length)), to: path)
        #expect(BundleRecord.read(path, root: root) == nil)
      }
      #expect(BundleRecord.read(root.appending("none.json"), root: root) == nil)
    }
  }
}
