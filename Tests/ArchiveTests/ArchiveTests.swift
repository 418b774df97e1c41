import Diagnostics
import Glibc
import SystemSupport
import Testing

@testable import Archive

@Suite("Archives by libarchive")
struct ArchiveTests {
  let folder: FilePath

  init() throws { folder = try FileSystem.makeTemporaryDirectory(prefix: "archive") }

  private func python(_ script: String) throws {
    let outcome = try Subprocess("python3", ["-c", script, folder.string], workingDirectory: folder).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
  }

  private func write(_ compression: TarWriter.Compression, _ name: String) throws -> FilePath {
    let path = folder.appending(name)
    let file = try FileSystem.open(path, .writeOnly, options: [.create, .truncate])
    defer { FileSystem.close(file) }
    let writer = try TarWriter(to: file, path: path, compression: compression, time: 1_000_000_000)
    try writer.add(directory: "empty")
    for (name, text, isExecutable) in [("bin/run", "#!/bin/sh\n", true), ("lib/ü.txt", "text", false)] {
      let bytes = Array(text.utf8)
      let outcome = bytes.withUnsafeBytes { buffer in
        Result { () throws(ArchiveError) in try writer.add(buffer, named: name, isExecutable: isExecutable) }
      }
      try outcome.get()
    }
    try writer.finish()
    return path
  }

  @Test("Each compression reads back, with the same bytes each time", arguments: TarWriter.Compression.allCases)
  func roundTrip(_ compression: TarWriter.Compression) throws {
    let first = try write(compression, "first")
    let second = try write(compression, "second")
    #expect(try FileSystem.read(first) == FileSystem.read(second))
    let target = folder.appending("target")
    #expect(try ArchiveReader(first).unpack(into: target) == ["bin/run", "lib/ü.txt"])
    #expect(try FileSystem.status(of: target.appending("bin/run")).isExecutable)
    #expect(try FileSystem.readText(target.appending("lib/ü.txt")) == "text")
    #expect(try FileSystem.status(of: target.appending("empty")).kind == .directory)
  }

  @Test("Python's tarfile reads the written archive") func peer() throws {
    _ = try write(.gzip, "peer.tar.gz")
    try python(
      """
      import tarfile
      with tarfile.open('peer.tar.gz') as file:
        members = {m.name: m for m in file}
        assert set(members) == {'empty', 'bin/run', 'lib/ü.txt'}, members
        assert members['bin/run'].mode == 0o755 and members['bin/run'].uid == 0 and members['bin/run'].mtime == 1000000000
        assert file.extractfile('lib/ü.txt').read() == b'text'
      """)
  }

  @Test("A zip and a jar are read, and leading path parts are removed") func zip() throws {
    try python(
      """
      import zipfile
      with zipfile.ZipFile('x.jar', 'w', zipfile.ZIP_DEFLATED) as file:
        file.writestr('pkg-1/META-INF/MANIFEST.MF', 'Main-Class: x')
        file.writestr('pkg-1/a', 'a' * 100000)
      """)
    let files = try ArchiveReader(folder.appending("x.jar")).unpack(into: folder.appending("target"), strips: 1)
    #expect(files == ["META-INF/MANIFEST.MF", "a"])
  }

  @Test(
    "A member that leads out of the directory, or is not a file, is refused",
    arguments: [
      ("../x", "", "\"..\""), ("a/../../x", "", "\"..\""), ("/etc/x", "", "absolute"), ("a\\b", "", "backslash"),
      ("x", "symbolic", "symbolic link"), ("x", "hard", "hard link"), ("x", "device", "device"), ("x", "fifo", "pipe"),
      ("x", "twice", "given twice"),
    ]) func hostile(_ name: String, _ kind: String, _ reason: String) throws
  {
    try python(
      """
      import io, tarfile
      name, kind = \(String(reflecting: name)), '\(kind)'
      with tarfile.open('hostile.tar', 'w') as file:
        for number in range(2 if kind == 'twice' else 1):
          info = tarfile.TarInfo(name)
          info.size = 0 if kind else 4
          types = {'symbolic': tarfile.SYMTYPE, 'hard': tarfile.LNKTYPE, 'device': tarfile.CHRTYPE, 'fifo': tarfile.FIFOTYPE}
          if kind in types:
            info.type = types[kind]
            info.linkname = '/etc/passwd'
          file.addfile(info, io.BytesIO(b'text' if info.size else b''))
      """)
    let target = folder.appending("target")
    let error = #expect(throws: ArchiveError.self) {
      try ArchiveReader(folder.appending("hostile.tar")).unpack(into: target)
    }
    #expect(error?.diagnostic.summary.contains(reason) == true, "\(String(describing: error))")
    #expect(!FileSystem.exists(folder.appending("x")))
  }

  @Test("An archive that expands too much is refused before it fills the disk") func bomb() throws {
    try python(
      """
      import gzip, io, tarfile
      with tarfile.open('bomb.tar.gz', 'w:gz') as file:
        info = tarfile.TarInfo('zeros')
        info.size = 200 << 20
        file.addfile(info, open('/dev/zero', 'rb'))
      with tarfile.open('many.tar', 'w') as file:
        for number in range(100): file.addfile(tarfile.TarInfo('f%d' % number), io.BytesIO())
      """)
    let bomb = ArchiveReader(folder.appending("bomb.tar.gz"), limits: ArchiveLimits(ratio: 100))
    let error = #expect(throws: ArchiveError.self) { try bomb.unpack(into: folder.appending("target")) }
    #expect(error?.diagnostic.summary.contains("unpacks to more than") == true)
    #expect(try FileSystem.status(of: folder.appending("target/zeros")).size <= 64 << 20)
    let many = ArchiveReader(folder.appending("many.tar"), limits: ArchiveLimits(entries: 50))
    #expect(throws: ArchiveError.self) { try many.unpack(into: folder.appending("many")) }
  }

  @Test("A truncated or changed archive is an error, wherever the damage is") func damaged() throws {
    let whole = try FileSystem.read(try write(.gzip, "whole.tar.gz"))
    for count in [0, 1, 10, whole.count / 2, whole.count - 9] {
      let path = folder.appending("cut")
      try FileSystem.write(Array(whole.prefix(count)), to: path)
      let target = folder.appending("target-\(count)")
      if count == 0 {
        // libarchive takes nothing for an empty archive.
        #expect(try ArchiveReader(path).unpack(into: target).isEmpty)
      } else {
        #expect(throws: ArchiveError.self) { try ArchiveReader(path).unpack(into: target) }
      }
    }
  }
}
