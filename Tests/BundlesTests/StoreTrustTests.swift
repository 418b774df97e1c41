import Glibc
import SystemSupport
import Testing

@testable import Bundles

/// Stores that another user could have written: a start executes nothing that is in them.
@Suite(.enabled(if: getuid() == 0)) struct StoreTrustTests {
  /// A bundle, and a store in which somebody has replaced the program of its tree.
  private func planted(_ scratch: Scratch) throws -> (bundle: FilePath, root: FilePath) {
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "print('the program')\n"]).path
    let root = scratch.path.appending("store")
    #expect(try run(scratch, bundle, root).text == "the program")
    let found = try Subprocess("find", [root.string, "-path", "*/at/*/__main__.py"], environment: environmentStrings())
      .run().text
    let main = FilePath(String(found.prefix { $0 != "\n" }))
    try FileSystem.write(text: "print('planted')\n", to: main)
    #expect(try run(scratch, bundle, root).text == "planted")
    return (bundle, root)
  }

  private func run(_ scratch: Scratch, _ bundle: FilePath, _ root: FilePath, _ more: [String: String] = [:]) throws
    -> Subprocess.Outcome
  {
    let temporary = scratch.path.appending("tmp")
    try FileSystem.createDirectories(temporary)
    let environment = ["PEX_ROOT": root.string, "TMPDIR": temporary.string].merging(more) { $1 }
    return try scratch.run(bundle, environment: environment)
  }

  private func give(_ path: FilePath, _ owner: String = "65534:65534") throws {
    #expect(
      try Subprocess("chown", ["-hR", owner, path.string], environment: environmentStrings()).run().termination
        .isSuccess)
  }

  @Test("A start uses no tree from a store that another user owns") func owner() throws {
    let scratch = try Scratch()
    let (bundle, root) = try planted(scratch)
    try give(root)
    for _ in 0..<2 {
      let outcome = try run(scratch, bundle, root)
      #expect(outcome.text == "the program", "\(outcome.errorText)")
      #expect(outcome.errorText.contains("user id 65534 owns \(root)"), "\(outcome.errorText)")
    }
    // Who trusts the other user says so.
    let trusting = ["KILT_TRUSTED_DIRECTORIES": "/nowhere:\(root)"]
    #expect(try run(scratch, bundle, root, trusting).text == "planted")
  }

  @Test(
    "A forged file of trust has no effect: a link, one for another store, one of another user",
    arguments: ["link", "moved", "own", "store"])
  func forged(_ kind: String) throws {
    let scratch = try Scratch()
    let (bundle, root) = try planted(scratch)
    let (store, owned) = (root.appending("kilt"), root.appending("kilt/owned"))
    let text = try FileSystem.readText(owned)
    try give(root)
    try FileSystem.removeFile(owned)
    #expect(chmod(store.string, 0o1755) == 0)
    switch kind {
    case "link":
      let other = scratch.path.appending("other")
      try FileSystem.write(text: text, to: other)
      try FileSystem.createSymbolicLink(at: owned, to: other)
    case "moved": try FileSystem.write(text: text, to: owned)
    case "own":
      try FileSystem.write(text: text, to: owned)
      #expect(chmod(owned.string, 0o444) == 0 && chown(owned.string, 65534, 65534) == 0)
    default:
      // A directory of the user's own, at a name that the forger can give to another one at any time.
      #expect(chown(store.string, 0, 0) == 0)
      try FileSystem.write(text: "/elsewhere/kilt\n", to: owned)
    }
    let outcome = try run(scratch, bundle, root)
    #expect(outcome.text == "the program", "\(outcome.errorText)")
    #expect(outcome.errorText.contains("user id 65534 owns \(root)"), "\(outcome.errorText)")
  }

  @Test("A start uses no tree from a store that others can write to", arguments: [0o777, 0o775])
  func mode(_ mode: Int) throws {
    let scratch = try Scratch()
    let (bundle, root) = try planted(scratch)
    let store = root.appending("kilt")
    #expect(chmod(store.string, mode_t(mode)) == 0 && chown(store.string, 0, 65534) == 0)
    let outcome = try run(scratch, bundle, root)
    #expect(outcome.text == "the program", "\(outcome.errorText)")
    #expect(outcome.errorText.contains("can write to \(store)"), "\(outcome.errorText)")
  }

  @Test("A store with open permissions from an older version is not used") func openInside() throws {
    let scratch = try Scratch()
    let (bundle, root) = try planted(scratch)
    let store = root.appending("kilt")
    try FileSystem.removeFile(store.appending("owned"))
    #expect(chmod(store.string, 0o755) == 0 && chmod(store.appending("bundles").string, 0o777) == 0)
    let outcome = try run(scratch, bundle, root)
    #expect(outcome.text == "the program", "\(outcome.errorText)")
    #expect(outcome.errorText.contains("every user can write to \(store)/bundles"), "\(outcome.errorText)")
  }

  @Test("A start uses no tree through a link that another user can replace") func link() throws {
    let scratch = try Scratch()
    let (bundle, root) = try planted(scratch)
    let place = scratch.path.appending("place")
    try FileSystem.createDirectories(place)
    try FileSystem.createSymbolicLink(at: place.appending("store"), to: root)
    try give(place)
    let outcome = try run(scratch, bundle, place.appending("store"))
    #expect(outcome.text == "the program", "\(outcome.errorText)")
    #expect(outcome.errorText.contains("user id 65534 owns \(place)"), "\(outcome.errorText)")
    // A link of the user's own is one more name of the store.
    let own = scratch.path.appending("own")
    try FileSystem.createSymbolicLink(at: own, to: root)
    for _ in 0..<2 { #expect(try run(scratch, bundle, own).errorText.isEmpty) }
    #expect(try FileSystem.readText(root.appending("kilt/owned")) == "\(own)/kilt\n\(root)/kilt\n")
  }

  @Test("No other user can write to a store, whatever the umask") func umask() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg/__init__.py": "x = 41\n"])
    let bundle = try scratch.build(
      entry: "app", sources: ["app.py": "import pkg, os\nprint(pkg.x, os.umask(0))\n"], wheels: [wheel])
    let root = scratch.path.appending("open")
    for _ in 0..<2 {
      let outcome = try scratch.run(
        "/bin/sh", ["-c", "umask 0; exec \"$0\"", bundle.path.string], environment: ["PEX_ROOT": root.string])
      // The program keeps the umask that it was started with.
      #expect(outcome.text == "41 0", "\(outcome.errorText)")
    }
    let writable = try Subprocess(
      "find", [root.appending("kilt").string, "!", "-type", "l", "-perm", "/022"], environment: environmentStrings()
    ).run().text
    #expect(writable.isEmpty, "\(writable)")
    // Who can open a lock can hold up a start.
    let locks = try Subprocess(
      "find", [root.appending("kilt").string, "-name", "lock", "-perm", "/044"], environment: environmentStrings()
    ).run().text
    #expect(locks.isEmpty, "\(locks)")
  }

  @Test("A start ignores a .pexrc that another user has put beside the bundle") func pexrc() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "print('the program')\n"]).path
    let (root, file) = (scratch.path.appending("store"), scratch.path.appending(".pexrc"))
    try FileSystem.write(text: "PEX_PYTHON=/nowhere/python\n", to: file)
    #expect(try run(scratch, bundle, root).text.isEmpty)
    try give(file)
    let outcome = try run(scratch, bundle, root)
    #expect(outcome.text == "the program", "\(outcome.errorText)")
    #expect(outcome.errorText.contains("ignored \(file), which another user owns"), "\(outcome.errorText)")
    // Who runs a program of another user trusts that user.
    try give(bundle)
    #expect(try run(scratch, bundle, root).text.isEmpty)
  }

  @Test("Another user starts from root's store, and from a private store that no other user enters")
  func otherUser() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "import sys\nprint(sys.prefix)\n"]).path
    let (shared, own) = (scratch.path.appending("shared"), scratch.path.appending("own"))
    try FileSystem.createDirectories(own)
    #expect(chmod(scratch.path.string, 0o755) == 0 && chmod(bundle.string, 0o755) == 0)
    #expect(chown(own.string, 65534, 65534) == 0)
    let python = "/usr/bin/python3"
    try #require(access(python, X_OK) == 0, "a Python that every user can start is missing")
    let prepared = try scratch.run(bundle, environment: ["PEX_ROOT": shared.string, "PEX_PYTHON": python])
    #expect(prepared.text.hasPrefix(shared.string), "\(prepared.errorText)")
    for (root, mode) in [(shared, 0o1755), (own, 0o1700)] {
      let outcome = try scratch.run(
        "/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", bundle.string],
        environment: ["PEX_ROOT": root.string, "PEX_PYTHON": python])
      #expect(outcome.text.hasPrefix(root.string), "\(outcome.text) \(outcome.errorText)")
      #expect(try FileSystem.status(of: root.appending("kilt")).permissions == UInt32(mode))
    }
  }
}
