import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import Bundles

/// Wheels made by Python's own zipfile, which writes what it is told, and by changing bytes of what it wrote.
@Suite("Hostile wheels")
struct HostileWheelTests {
  /// Each wheel is named `KIND-1.0-py3-none-any.whl`; its RECORD is right unless that is what is wrong.
  private static let script = #"""
    import base64, hashlib, os, struct, sys, warnings, zipfile
    warnings.simplefilter("ignore")
    os.chdir(sys.argv[1])
    def name(kind): return kind + "-1.0-py3-none-any.whl"
    def make(kind, members, method=zipfile.ZIP_DEFLATED, comment=b"", attributes=0o100644):
        lines = []
        with zipfile.ZipFile(name(kind), "w", method) as wheel:
            for member, data in members:
                info = zipfile.ZipInfo(member)
                info.compress_type = method
                info.external_attr = (attributes if member == members[-1][0] else 0o100644) << 16
                wheel.writestr(info, data)
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                lines.append("%s,sha256=%s,%d" % (member, digest, len(data)))
            wheel.writestr(kind + "-1.0.dist-info/RECORD", "\n".join(lines), zipfile.ZIP_DEFLATED)
            wheel.comment = comment
    def patch(kind, change):
        data = bytearray(open(name(kind), "rb").read())
        central = data.index(b"PK\x01\x02")
        change(data, central)
        open(name(kind), "wb").write(data)
    def put(data, at, size, value): data[at:at + size] = value.to_bytes(size, "little")
    def field(local, central, size, value):
        def change(data, directory):
            put(data, local, size, value)
            put(data, directory + central, size, value)
        return change
    text = b"x = 1\n" * 50
    make("parent", [("../../evil.py", text)])
    make("absolute", [("/evil.py", text)])
    make("backslash", [("a\\..\\evil.py", text)])
    make("device", [("good.py", text), ("evil", b"/etc/passwd")], attributes=0o020666)
    make("duplicate", [("evil.py", text), ("evil.py", text)])
    make("case", [("pkg/Evil.py", text), ("pkg/evil.py", text)])
    make("filedir", [("evil", text), ("evil/a.py", text)])
    make("bzip2", [("evil.py", text)], method=zipfile.ZIP_BZIP2)
    fake = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)
    make("comment", [("evil.py", text)], comment=fake)
    make("encrypted", [("evil.py", text)]); patch("encrypted", field(6, 8, 2, 1))
    make("checksum", [("evil.py", text)]); patch("checksum", field(14, 16, 4, 7))
    make("larger", [("evil.py", text)]); patch("larger", field(22, 24, 4, len(text) + 1))
    make("smaller", [("evil.py", text)]); patch("smaller", field(22, 24, 4, len(text) - 1))
    make("bomb", [("evil.py", text)]); patch("bomb", field(22, 24, 4, 4000000000))
    make("overlap", [("evil.py", text), ("other.py", text)])
    patch("overlap", lambda data, at: put(data, at + 20, 4, int.from_bytes(data[at + 20:at + 24], "little") + 40))
    make("localname", [("evil.py", text)]); patch("localname", lambda data, at: data.__setitem__(30, 0x41))
    make("record", [("evil.py", text)])
    good = open(name("record"), "rb").read()
    with zipfile.ZipFile(name("record"), "w") as wheel:
        wheel.writestr("evil.py", text)
        wheel.writestr("record-1.0.dist-info/RECORD", "evil.py,sha256=%s,300\n" % ("A" * 43))
    with zipfile.ZipFile(name("norecord"), "w") as wheel:
        wheel.writestr("evil.py", text)
    zeros = b"\0" * (1 << 20)
    with zipfile.ZipFile(name("ratio"), "w", zipfile.ZIP_DEFLATED) as wheel:
        for number in range(300):
            wheel.writestr("evil%d" % number, zeros)
    """#

  @Test("Each hostile wheel is refused by wheel and member, with no bundle and no file outside")
  func refused() throws {
    let scratch = try Scratch()
    let folder = scratch.path.appending("a/b")
    try FileSystem.createDirectories(folder)
    let made = try Subprocess(Python.any().path.string, ["-c", Self.script, folder.string]).run()
    try #require(made.termination == .exited(0), "\(made.errorText)")
    let wheels = try FileSystem.list(folder).map(\.name).sorted()
    #expect(wheels.count == 19)
    for name in wheels {
      let path = folder.appending(name)
      let input = WheelInput(fileName: name, path: path, sha256: try SHA256Digest.ofFile(path).digest)
      let error = #expect(throws: (any Error).self, "\(name)") { try scratch.build("bad.pex", wheels: [input]) }
      let diagnostic = try #require(error as? any DiagnosableError, "\(name): \(String(describing: error))").diagnostic
      #expect(diagnostic.blame == .input, "\(name)")
      #expect(diagnostic.summary.contains("\"\(name)\""), "\(name): \(diagnostic.summary)")
      // What is wrong with the archive as a whole has no member to name.
      if !["comment", "norecord", "ratio"].contains(name.prefix { $0 != "-" }) {
        #expect(diagnostic.summary.lowercased().contains("evil"), "\(name): \(diagnostic.summary)")
      }
    }
    #expect(try FileSystem.list(scratch.path.appending("a")).map(\.name) == ["b"])
    #expect(!FileSystem.exists(scratch.path.appending("bad.pex")))
    #expect(Set(try FileSystem.list(scratch.path).map(\.name)).isSubset(of: ["a", "empty", "home", "store"]))
  }

  @Test("A wheel cut off at any byte is refused")
  func truncated() throws {
    let scratch = try Scratch()
    let good = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg.py": "x = 1\n"])
    let bytes = try FileSystem.read(good.path)
    for count in bytes.indices {
      try FileSystem.write(Array(bytes[..<count]), to: good.path)
      // The digest is not asked for again: the wheel is opened before anything is looked up by it.
      #expect(throws: (any Error).self, "\(count) bytes") { try scratch.build("bad.pex", wheels: [good]) }
    }
    #expect(!FileSystem.exists(scratch.path.appending("bad.pex")))
  }

  @Test(
    "A symbolic link in a wheel becomes a file that contains its path, as installers unpack it",
    arguments: [BundleSpecification.Layout.zipapp, .packed, .loose])
  func links(_ layout: BundleSpecification.Layout) throws {
    let scratch = try Scratch()
    let script = """
      import os, sys, zipfile
      os.chdir(sys.argv[1])
      with zipfile.ZipFile("pkg-1.0-py3-none-any.whl", "w") as wheel:
          def add(name, text, mode=0o100644):
              info = zipfile.ZipInfo(name)
              info.external_attr = mode << 16
              wheel.writestr(info, text)
          add("pkg/__init__.py", "")
          add("pkg/inside", "__init__.py", 0o120777)
          add("pkg/outside", "/etc/passwd", 0o120777)
          add("pkg/up", "../../../x", 0o120777)
          # The digest of the file that the link leads to.
          add("pkg-1.0.dist-info/RECORD", "pkg/inside,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\\n")
      """
    let made = try Subprocess(Python.any().path.string, ["-c", script, scratch.path.string]).run()
    try #require(made.termination == .exited(0), "\(made.errorText)")
    let path = scratch.path.appending("pkg-1.0-py3-none-any.whl")
    let wheel = WheelInput(
      fileName: "pkg-1.0-py3-none-any.whl", path: path, sha256: try SHA256Digest.ofFile(path).digest)
    let program = """
      import os, pkg
      for name in ("inside", "outside", "up"):
          path = os.path.join(os.path.dirname(pkg.__file__), name)
          print(name, open(path).read(), os.path.islink(path), os.access(path, os.X_OK) and os.stat(path).st_mode & 0o111)

      """
    let bundle = try scratch.build(entry: "app", sources: ["app.py": program], wheels: [wheel]) { $0.layout = layout }
    let expected = "inside __init__.py False 0\noutside /etc/passwd False 0\nup ../../../x False 0"
    func start(_ root: String) throws -> Subprocess.Outcome {
      let file = layout == .zipapp ? bundle.path : bundle.path.appending("pex")
      return try scratch.run(file, environment: ["PEX_ROOT": scratch.path.appending(root).string])
    }
    let outcome = try start("booted")
    #expect(outcome.text.replacing("False False", with: "False 0") == expected, "\(outcome.errorText)")
    guard layout == .zipapp else { return }
    #expect(try BundleUnpacker(bundle.path, root: scratch.path.appending("native/kilt"))?.unpack() ?? 0 > 0)
    #expect(try start("native").text.replacing("False False", with: "False 0") == expected)
  }
}
