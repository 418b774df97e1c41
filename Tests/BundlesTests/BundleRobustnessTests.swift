import Glibc
import SystemSupport
import Testing

@testable import Bundles

@Suite("Bundles on faulty hosts")
struct BundleRobustnessTests {
  /// A bundle with a compiled module, as its wheel's name says, for the interpreter that the tests use.
  private func native(_ scratch: Scratch) throws -> Bundle {
    let minor = try Python.any().minor
    let machine = try Subprocess("uname", ["-m"]).run().text
    let wheel = try scratch.wheel(
      "pkg-1.0-cp3\(minor)-cp3\(minor)-linux_\(machine).whl",
      ["pkg.py": "x = '" + String(repeating: "x", count: 400) + "'\n"])
    return try scratch.build(entry: "app", sources: ["app.py": "import pkg\nprint(len(pkg.x))\n"], wheels: [wheel])
  }

  /// Runs a bundle where its PEX_ROOT is a file system of its own.
  private func run(_ bundle: FilePath, mounted options: String, _ scratch: Scratch) throws -> Subprocess.Outcome {
    let root = scratch.path.appending("mounted")
    let temporary = scratch.path.appending("tmp")
    try FileSystem.createDirectories(root)
    try FileSystem.createDirectories(temporary)
    return try scratch.run(
      try FilePath(program("unshare")),
      ["-rm", "/bin/sh", "-c", "mount -t tmpfs -o \(options) tmpfs \"$PEX_ROOT\" && exec \"$0\"", bundle.string],
      environment: ["PEX_ROOT": root.string, "TMPDIR": temporary.string])
  }

  @Test(
    "A read-only cache, or a noexec one with compiled modules, is replaced by a temporary one, with a warning",
    arguments: [("ro", "cannot be created: Read-only file system"), ("noexec", "is on a file system mounted noexec")])
  func unusableCache(options: String, reason: String) throws {
    let scratch = try Scratch()
    let outcome = try run(try native(scratch).path, mounted: options, scratch)
    #expect(outcome.text == "400", "\(outcome.errorText)")
    #expect(outcome.errorText.contains(reason))
    #expect(outcome.errorText.contains("unpacking into \(scratch.path)/tmp/kilt-runtime-"))
  }

  @Test("A full disk ends the start with a remedy and leaves nothing incomplete")
  func fullDisk() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl", ["pkg.py": "x = '" + String(repeating: "0123456789", count: 100_000) + "'\n"])
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "import pkg\n"], wheels: [wheel])
    let outcome = try run(bundle.path, mounted: "size=200k", scratch)
    #expect(outcome.termination == .exited(3))
    #expect(outcome.errorText.contains("No space left on device"))
    #expect(outcome.errorText.contains("set PEX_ROOT to a directory with space"))
  }

  @Test("A program on the PATH that is not Python, or is broken, is skipped")
  func oddInterpreters() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "print('ran')\n"])
    let odd = scratch.path.appending("odd")
    try FileSystem.createDirectories(odd.appending("python3.12"))
    for (name, text) in [
      ("python3", "#!/bin/sh\nexit 0\n"), ("python3.10", "#!/bin/sh\necho /nonexistent/python\n"),
      ("python3.11", "#!/nonexistent\n"), ("python3.13", "\u{7f}ELF"), ("python", "#!/bin/sh\nkill -9 $$\n"),
    ] {
      try FileSystem.write(text: text, to: odd.appending(name), permissions: 0o755)
    }
    try FileSystem.createSymbolicLink(at: odd.appending("python3.9"), to: "/nonexistent/python")
    let directory = try Python.any().path.removingLastComponent()
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path, environment: ["PATH": "\(odd):\(directory):/usr/bin:/bin"])
      #expect(outcome.text == "ran", "\(outcome.errorText)")
    }
  }

  @Test("A version of pyenv that is not on the PATH is found, after the versions on the PATH")
  func unselectedVersions() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let bundle = try scratch.build(entry: "hello", sources: ["hello.py": "import sys\nprint(sys.executable)\n"])
    let bin = scratch.home.appending(".pyenv/versions/3.\(python.minor).0/bin")
    try FileSystem.createDirectories(bin)
    let link = bin.appending("python3.\(python.minor)")
    try FileSystem.createSymbolicLink(at: link, to: python.path)
    let empty = ["PATH": scratch.path.appending("empty").string]
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path, environment: empty)
      #expect(outcome.text.contains("/at\(link)/bin/python"), "\(outcome.text)\(outcome.errorText)")
    }
    // Elsewhere, and before it what the PATH has.
    try FileSystem.rename(scratch.home.appending(".pyenv"), to: scratch.path.appending("py env"))
    let moved = ["PYENV_ROOT": scratch.path.appending("py env").string]
    #expect(try scratch.run(bundle.path, environment: empty.merging(moved) { $1 }).text.contains("py env"))
    let fresh = moved.merging(["PEX_ROOT": scratch.path.appending("fresh").string]) { $1 }
    #expect(
      try scratch.run(bundle.path, environment: fresh).text.contains("/at\(python.path.removingLastComponent())/"))
    // Not where PEX_PYTHON_PATH says where to look.
    let only = empty.merging(moved.merging(["PEX_PYTHON_PATH": "/nonexistent"]) { $1 }) { $1 }
    #expect(try scratch.run(bundle.path, environment: only).termination == .exited(3))
  }

  @Test("Each shell of this machine starts a bundle: SHELL FILE, the first time and the next")
  func shells() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "import sys\nprint(sys.argv[1:])\n"])
    let shells = [["sh"], ["bash"], ["dash"], ["busybox", "ash"], ["ksh"], ["zsh"]].compactMap { words in
      Subprocess.find(words[0]).map { ($0, Array(words.dropFirst())) }
    }
    try #require(shells.count > 3, "run scripts/install-dependencies tests")
    for (shell, words) in shells {
      let environment = ["PEX_ROOT": scratch.path.appending(shell.lastComponent?.string ?? "").string]
      for _ in 0..<2 {
        let outcome = try scratch.run(shell, words + [bundle.path.string, "a b", "*"], environment: environment)
        #expect(outcome.text == "['a b', '*']", "\(shell): \(outcome.errorText)")
      }
      let chosen = try Python.any()
      let named = try scratch.run(
        shell, words + [bundle.path.string],
        environment: environment.merging(["PEX_PYTHON_PATH": "/nonexistent:\(chosen.path.removingLastComponent())"]) {
          $1
        })
      #expect(named.text == "[]", "\(shell): \(named.errorText)")
    }
  }

  @Test("Without standard input, or in a removed directory, a bundle starts, the first time and the next")
  func nothingThere() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "print('ran')\n"])
    let script = "exec <&-; mkdir gone; cd gone; rmdir ../gone; exec \"$0\""
    for _ in 0..<2 {
      let outcome = try scratch.run("/bin/sh", ["-c", script, bundle.path.string])
      #expect(outcome.text == "ran", "\(outcome.errorText)")
    }
  }

  @Test("Another user starts a bundle from that user's cache, or, without a home, from a temporary one")
  func anotherUser() throws {
    // Only the superuser can become another; CI is.
    guard getuid() == 0 else { return }
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "import os\nprint(os.getuid())\n"])
    chmod(scratch.path.string, 0o755)
    let temporary = scratch.path.appending("tmp")
    try FileSystem.createDirectories(temporary)
    chmod(temporary.string, 0o1777)
    for home in [scratch.home.string, "/nonexistent"] {
      let outcome = try scratch.run(
        try FilePath(program("setpriv")),
        ["--reuid=65534", "--regid=65534", "--clear-groups", bundle.path.string],
        environment: ["HOME": home, "TMPDIR": temporary.string, "PATH": "/usr/bin:/bin"])
      #expect(outcome.text == "65534", "\(outcome.errorText)")
      #expect(outcome.errorText.contains("unpacking into \(temporary)/kilt-runtime-65534 instead"))
    }
  }

  @Test("A truncated or damaged bundle reports it, and leaves nothing that a good bundle would trust")
  func damaged() throws {
    let scratch = try Scratch()
    let bundle = try native(scratch)
    let bytes = try FileSystem.read(bundle.path)
    let wheel = try #require(bundle.segments.first { $0.kind == .wheel })
    var changed = bytes
    changed[Int(wheel.offset) + 120] ^= 0xff
    for (name, bad) in [("cut", Array(bytes.dropLast(400))), ("changed", changed)] {
      let path = scratch.path.appending("\(name).pex")
      try FileSystem.write(bad, to: path, permissions: 0o755)
      let outcome = try scratch.run(path)
      #expect(outcome.termination == .exited(3), "\(outcome.text)")
      #expect(outcome.errorText.contains("cannot unpack") && outcome.errorText.contains("fetch the file again"))
    }
    #expect(try scratch.run(bundle.path).text == "400")
  }

  @Test("Variables come from the bundle's directory, the user's home and the environment; the last wins")
  func rcFiles() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(
      entry: "app", sources: ["app.py": "", "one.py": "print(1)\n", "two.py": "print(2)\n", "three.py": "print(3)\n"])
    try FileSystem.write(text: "PEX_MODULE=one\n", to: scratch.home.appending(".pexrc"))
    #expect(try scratch.run(bundle.path).text == "1")
    try FileSystem.write(text: "PEX_MODULE=one\nPEX_MODULE=two", to: scratch.path.appending(".pexrc"))
    #expect(try scratch.run(bundle.path).text == "2")
    #expect(try scratch.run(bundle.path, environment: ["PEX_MODULE": "three"]).text == "3")
    // A value is a value, whatever a shell would make of it.
    try FileSystem.write(text: "PEX_MODULE=$(echo three)`id`\n", to: scratch.path.appending(".pexrc"))
    #expect(try scratch.run(bundle.path).errorText.contains("$(echo three)`id`"))
  }
}
