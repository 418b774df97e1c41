import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import SwarmEngine

@Suite struct ClusterImageTests {
  @Test("A tar is the first layer of an image, byte by byte, and what is no tar is refused with its reason")
  func archiveAsBase() throws {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "image")
    defer { do { try FileSystem.removeTree(folder) } catch { Issue.record("\(error)") } }
    for name in ClusterImage.names {
      try FileSystem.write(text: "#!/bin/sh\n", to: folder.appending(name), permissions: 0o755)
    }
    let base = folder.appending("base.tar")
    var tar = TarFile(to: try FileSystem.open(base, .writeOnly, options: [.create], permissions: .ownerReadWrite))
    try tar.add("etc", .directory)
    try tar.add("etc/own", .bytes(Array("the user's\n".utf8)))
    let digest = try tar.finish()
    let output = folder.appending("image.tar")
    let image = ClusterImage(base: .archive(base), programs: folder, reference: "kilt:test")
    #expect(try image.write(to: output).hasPrefix("sha256:"))
    let content = String(decoding: try FileSystem.read(output), as: UTF8.self)
    #expect(content.contains("\(digest.hex)/layer.tar") && content.contains("the user's\n"))
    for bytes in [[], Array("no tar".utf8), [UInt8](repeating: 7, count: 4096)] {
      try FileSystem.write(bytes, to: base)
      #expect(throws: Diagnostic.self) { try image.write(to: output) }
    }
  }
}
