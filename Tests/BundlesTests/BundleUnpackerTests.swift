import SystemSupport
import Testing

@testable import Bundles

@Suite("Unpacking before the first start")
struct BundleUnpackerTests {
  @Test("The early unpacked store equals the boot code's store, and the start uses it")
  func sameStore() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let special = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      [
        "pkg/__init__.py": "", "pkg-1.0.data/purelib/pure.py": "", "pkg-1.0.data/data/share/pkg/data.txt": "data",
        "pkg-1.0.data/headers/pkg.h": "/* */", "pkg-1.0.data/scripts/run.sh": "#!/bin/sh\necho\n",
      ])
    let bundle = try scratch.build(entry: "hello", wheels: try RealWheels.wheels(for: python) + [special]) {
      $0.sources = [
        SourceMember("hello.py", bytes: Array(BundleBuildTests.hello.utf8)),
        SourceMember("tools/run.sh", bytes: Array("#!/bin/sh\n".utf8), isExecutable: true),
      ]
    }
    let native = scratch.path.appending("native")
    let unpacker = try #require(try BundleUnpacker(bundle.path, root: native.appending("kilt")))
    #expect(try unpacker.unpack() > 100)
    #expect(try unpacker.unpack() == 0)
    let booted = scratch.path.appending("booted")
    #expect(
      try scratch.run(
        bundle.path, environment: ["PEX_ROOT": booted.string, "PYTHONDONTWRITEBYTECODE": "1"]
      ).text == "versions 1")
    func listing(_ root: FilePath) throws -> String {
      let script =
        "cd \"$0\" && files() { find wheels bundles/*/code -name __pycache__ -prune -o \"$@\" | sort; } && files -print "
        + "&& files -type f -printf '%m %p\\n' && files -type f -print | xargs sha256sum"
      return try Subprocess("/bin/sh", ["-c", script, root.appending("kilt").string]).run().text
    }
    let expected = try listing(booted)
    #expect(expected.contains("data/headers/pkg/pkg.h") && expected.contains("755 bundles/"))
    #expect(try listing(native) == expected)
    // A start that found nothing to unpack left what was there.
    let marker = native.appending("kilt/wheels/\(special.sha256)/lib/pkg/marker")
    try FileSystem.write(text: "", to: marker)
    let started = try scratch.run(bundle.path, environment: ["PEX_ROOT": native.string])
    #expect(started.text == "versions 1", "\(started.errorText)")
    #expect(FileSystem.exists(marker))
    #expect(try FileSystem.list(native.appending("kilt/incoming")).isEmpty)
  }

  @Test("An invalid bundle, or one for several platforms, is skipped; a damaged one leaves nothing")
  func others() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg.py": String(repeating: "x = 1\n", count: 100)])
    let root = scratch.path.appending("root")
    #expect(try BundleUnpacker(wheel.path, root: root) == nil)
    let several = try scratch.build("several.pex", wheels: [wheel]) { $0.platforms = [[wheel.fileName], []] }
    #expect(try BundleUnpacker(several.path, root: root) == nil)
    let bundle = try scratch.build("good.pex", wheels: [wheel])
    var bytes = try FileSystem.read(bundle.path)
    let start = Int(try #require(bundle.segments.first { $0.kind == .wheel }).offset)
    // Within the data of the first member, behind its header.
    bytes[start + 30 + ".deps/\(wheel.fileName)/pkg.py".utf8.count + 4] ^= 0xff
    let bad = scratch.path.appending("bad.pex")
    try FileSystem.write(bytes, to: bad)
    let unpacker = try #require(try BundleUnpacker(bad, root: root))
    #expect(throws: (any Error).self) { try unpacker.unpack() }
    #expect(try FileSystem.list(root.appending("incoming")).isEmpty)
    #expect(!FileSystem.exists(root.appending("wheels/\(wheel.sha256)")))
  }
}
