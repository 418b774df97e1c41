import Diagnostics
import SystemSupport
import Testing

@testable import Zip

@Suite("Writing archives")
struct ZipWriterTests {
  @Test("A written archive can be read, even after a prefix")
  func roundTrip() throws {
    let scratch = try Scratch()
    let long = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let path = try scratch.archive(prefix: text("#!/bin/sh\nexit 0\n"), ["a/b.py": long, "empty": [], "ü": text("x")])
    let archive = try ZipArchive(path: path)
    #expect(archive.prefixSize == 17)
    #expect(archive.members.map(\.name) == ["a/b.py", "empty", "ü"])
    #expect(archive.members.map(\.method) == [.deflated, .stored, .stored])
    #expect(archive.members.map(\.isUTF8) == [false, false, true])
    #expect(try archive.members.map { try archive.contents(of: $0) } == [long, [], text("x")])
  }

  @Test("A prefix added later, which no offset counts, is tolerated")
  func foreignPrefix() throws {
    let scratch = try Scratch()
    let path = try scratch.archive(["a": text("one"), "b": text("two")])
    let moved = try scratch.file("moved.zip", text("#!/usr/bin/env python3\n") + FileSystem.read(path))
    let archive = try ZipArchive(path: moved)
    #expect(archive.prefixSize == 23)
    #expect(try archive.members.map { try archive.contents(of: $0) } == [text("one"), text("two")])
  }

  @Test("Members are copied without inflating them, with executable bits")
  func rawCopy() throws {
    let scratch = try Scratch()
    let long = [UInt8](repeating: 66, count: 9000)
    let source = try scratch.archive(
      named: "source.zip", ["x/run": long, "y": text("y")])
    let archive = try ZipArchive(path: source)
    let path = scratch.path.appending("copy.zip")
    let writer = try ZipWriter(creating: path)
    for member in archive.members { try writer.copy(member, from: archive, as: text("in/") + member.nameBytes) }
    try writer.finishDirectory()
    try writer.publish()
    let copy = try ZipArchive(path: path)
    #expect(copy.members.map(\.name) == ["in/x/run", "in/y"])
    #expect(copy.members.map(\.crc32) == archive.members.map(\.crc32))
    for (one, other) in zip(archive.members, copy.members) {
      #expect(archive.rawData(of: one).elementsEqual(copy.rawData(of: other)))
    }
    try copy.verify()
  }

  @Test("More than 65,535 members produce ZIP64 records")
  func manyMembers() throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("many.zip")
    let writer = try ZipWriter(creating: path)
    let contents = ZipContents(compressing: [] as [UInt8])
    for index in 0..<70_000 { try writer.add(contents, named: text("d/\(index)")) }
    try writer.finishDirectory()
    try writer.publish()
    let archive = try ZipArchive(path: path)
    #expect(archive.members.count == 70_000)
    #expect(archive.members.last?.name == "d/69999")
    try expectPythonReads(path, members: 70_000)
  }

  @Test("Python reads archives of exactly 65,535 and 65,534 members", arguments: [65_534, 65_535])
  func boundary(count: Int) throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("many.zip")
    let writer = try ZipWriter(creating: path)
    let contents = ZipContents(compressing: [] as [UInt8])
    for index in 0..<count { try writer.add(contents, named: text("\(index)")) }
    try writer.finishDirectory()
    try writer.publish()
    #expect(try ZipArchive(path: path).members.count == count)
    try expectPythonReads(path, members: count)
  }

  @Test("An archive beyond 4 GiB has 64-bit offsets and sizes, and Python reads it")
  func largeArchive() throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("large.zip")
    let size: UInt64 = 4 << 30
    let writer = try ZipWriter(creating: path)
    let big = ZipEntry(
      name: text("big"), method: .stored, crc32: 0xd202_ef8d, compressedSize: size, size: size,
      isExecutable: false)
    try writer.begin(big)
    try writer.leaveHole(size)
    try writer.add(ZipContents(compressing: text("after")), named: text("after"))
    try writer.finishDirectory()
    try writer.publish()
    let archive = try ZipArchive(path: path)
    #expect(archive.members.map(\.size) == [size, 5])
    let after = try #require(archive.member(named: "after"))
    #expect(try archive.contents(of: after) == text("after"))
    #expect(after.dataRange.lowerBound > Int(size))
    try expectPythonReads(path, members: 2)
  }

  @Test("An unpublished archive leaves no file")
  func abandoned() throws {
    let scratch = try Scratch()
    do {
      let writer = try ZipWriter(creating: scratch.path.appending("a.zip"))
      try writer.add(ZipContents(compressing: text("x")), named: text("x"))
      try writer.flush()
    }
    #expect(try FileSystem.list(scratch.path).isEmpty)
  }

  @Test("An error names a missing directory and a remedy")
  func missingDirectory() throws {
    let error = try #require(throws: ZipWriteError.self) { try ZipWriter(creating: "/nonexistent-kilt/a.zip") }
    #expect(error.diagnostic.summary == "cannot write \"/nonexistent-kilt/a.zip\"")
    #expect(error.diagnostic.remedies == ["create the directory \"/nonexistent-kilt\""])
  }

  @Test("Info-ZIP finds no fault in Kilt's archive with a prefix")
  func unzip() throws {
    let scratch = try Scratch()
    let path = try scratch.archive(
      prefix: text("#!/bin/sh\n"), ["a/b.py": [UInt8](repeating: 67, count: 9000), "c": text("c")])
    let result = try Subprocess("unzip", ["-t", path.string]).run()
    #expect(result.termination.isSuccess, "\(result.text)")
  }

  private func expectPythonReads(_ path: FilePath, members: Int) throws {
    let script = "import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))"
    let result = try Subprocess("python3", ["-c", script, path.string]).run()
    #expect(result.text == "\(members)", "\(result.errorText)")
  }

  @Test("Opening a large archive leaves little of it in memory") func resident() throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("large.zip")
    let writer = try ZipWriter(creating: path)
    // Bytes that do not shrink.
    var state: UInt64 = 1
    let contents = ZipContents(
      compressing: (0..<32_768).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
      })
    for number in 0..<1_500 { try writer.add(contents, named: text("member-\(number)")) }
    try writer.finishDirectory()
    try writer.publish()
    let archive = try ZipArchive(path: path)
    #expect(archive.file.count > 45 << 20)
    let lines = try FileSystem.readText("/proc/self/smaps", limit: 64 << 20).split(separator: "\n")
    let mapping = try #require(lines.firstIndex { $0.hasSuffix(path.string) })
    let line = try #require(lines[mapping...].first { $0.hasPrefix("Rss:") })
    let resident = try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    #expect(resident < 8 << 10, "\(line)")
    #expect(try archive.contents(of: archive.members[1_400]).count == 32_768)
  }
}
