import Bundles
import Glibc
import SystemSupport
import Testing

@Suite("Choice of the interpreter of a bundle")
struct InterpreterChoiceTests {
  private func pythons() throws -> (one: Python, other: Python) {
    try #require(Python.all.count >= 2, "two versions of Python are needed: run scripts/install-dependencies tests")
    return (try #require(Python.all.last), try #require(Python.all.first))
  }

  /// A bundle that says its interpreter's minor version.
  private func bundle(_ scratch: Scratch) throws -> Bundle {
    try scratch.build(entry: "app", sources: ["app.py": "import sys\nprint(sys.version_info[1])\n"])
  }

  @Test("Earlier starts with another interpreter do not change the choice")
  func independent() throws {
    let scratch = try Scratch()
    let (one, other) = try pythons()
    let bundle = try bundle(scratch)
    let path = "\(one.path.removingLastComponent()):\(other.path.removingLastComponent())"
    // The other one first, in each way there is, then a plain start.
    #expect(try scratch.run(other.path, [bundle.path.string], environment: ["PATH": path]).text == "\(other.minor)")
    #expect(
      try scratch.run(bundle.path, environment: ["PATH": path, "PEX_PYTHON": other.path.string]).text
        == "\(other.minor)")
    for _ in 0..<2 { #expect(try scratch.run(bundle.path, environment: ["PATH": path]).text == "\(one.minor)") }
    #expect(try scratch.run(other.path, [bundle.path.string], environment: ["PATH": path]).text == "\(other.minor)")
    #expect(try scratch.run(one.path, [bundle.path.string], environment: ["PATH": path]).text == "\(one.minor)")
  }

  @Test("The given interpreter runs, although the bundle was unpacked only for one on the PATH")
  func given() throws {
    let scratch = try Scratch()
    let (one, other) = try pythons()
    let bundle = try bundle(scratch)
    #expect(try scratch.run(bundle.path, python: one.path).text == "\(one.minor)")
    for _ in 0..<2 {
      #expect(try scratch.run(other.path, [bundle.path.string], python: one.path).text == "\(other.minor)")
    }
    // One that does not fit starts one that does.
    let narrow = try scratch.build(
      "narrow.pex", entry: "app", sources: ["app.py": "import sys\nprint(sys.version_info[1])"]
    ) {
      $0.interpreterConstraints = ["==3.\(one.minor).*"]
    }
    for _ in 0..<2 {
      #expect(try scratch.run(other.path, [narrow.path.string], python: one.path).text == "\(one.minor)")
    }
  }

  @Test("A replaced interpreter of another version is noticed, and so is a replaced wrapper")
  func replaced() throws {
    let scratch = try Scratch()
    let (one, other) = try pythons()
    let bundle = try bundle(scratch)
    let bin = scratch.path.appending("bin")
    try FileSystem.createDirectories(bin)
    func put(_ python: Python, asWrapper: Bool) throws {
      let path = bin.appending("python3")
      if FileSystem.exists(path) { try FileSystem.removeFile(path) }
      if asWrapper {
        try FileSystem.write(text: "#!/bin/sh\nexec '\(python.path)' \"$@\"\n", to: path, permissions: 0o755)
      } else {
        try FileSystem.createSymbolicLink(at: path, to: python.path)
      }
    }
    for asWrapper in [false, true, false] {
      for python in [one, other, one] {
        try put(python, asWrapper: asWrapper)
        for _ in 0..<2 {
          let outcome = try scratch.run(bundle.path, environment: ["PATH": bin.string])
          #expect(outcome.text == "\(python.minor)", "wrapper \(asWrapper): \(outcome.errorText)")
        }
      }
    }
  }

  @Test("A wrapper runs until its times are reliable, and again after a replacement by an older file")
  func wrapperOnce() throws {
    let scratch = try Scratch()
    let (one, other) = try pythons()
    let bundle = try bundle(scratch)
    let bin = scratch.path.appending("bin"), log = scratch.path.appending("log")
    try FileSystem.createDirectories(bin)
    func put(_ python: Python, secondsAgo: Int64) throws {
      let path = bin.appending("python3"), next = bin.appending("next")
      try FileSystem.write(
        text: "#!/bin/sh\necho asked >>'\(log)'\nexec '\(python.path)' \"$@\"\n", to: next, permissions: 0o755)
      try FileSystem.setModificationTime(wallClockNanoseconds() - secondsAgo * 1_000_000_000, of: next)
      try FileSystem.rename(next, to: path)
    }
    func start() throws -> String { try scratch.run(bundle.path, environment: ["PATH": bin.string]).text }
    func asked() throws -> Int { try FileSystem.readText(log).split(separator: "\n").count }
    var secondsAgo: Int64 = 3_600
    for python in [one, other, one] {
      try put(python, secondsAgo: secondsAgo)
      // Each is older than the one before.
      secondsAgo *= 2
      let noted = scratch.home.appending(".cache/kilt/runtime/bundles/\(bundle.id)/at\(bin)/python3/wrapped")
      if FileSystem.exists(noted) { try FileSystem.removeFile(noted) }
      #expect(try start() == "\(python.minor)")
      while !FileSystem.exists(noted) {
        #expect(try start() == "\(python.minor)")
        usleep(100_000)
      }
      let before = try asked()
      for _ in 0..<2 { #expect(try start() == "\(python.minor)") }
      #expect(try asked() == before)
    }
  }

  @Test("A script for a missing version of Python runs once, and again when pyenv chooses another")
  func unfitOnce() throws {
    let scratch = try Scratch()
    let (one, _) = try pythons()
    let bundle = try bundle(scratch)
    let shims = scratch.path.appending("shims"), log = scratch.path.appending("log")
    try FileSystem.createDirectories(shims)
    let shim = shims.appending("python3.\(one.minor)")
    try FileSystem.write(text: "#!/bin/sh\necho asked >>'\(log)'\nexit 127\n", to: shim, permissions: 0o755)
    try FileSystem.setModificationTime(wallClockNanoseconds() - 3_600_000_000_000, of: shim)
    let environment = ["PATH": "\(shims):\(one.path.removingLastComponent()):/bin", "PYENV_ROOT": scratch.path.string]
    for _ in 0..<3 { #expect(try scratch.run(bundle.path, environment: environment).text == "\(one.minor)") }
    #expect(try FileSystem.readText(log) == "asked\n")
    // What pyenv writes when a version is chosen is newer from now on.
    try FileSystem.write(text: "3\n", to: scratch.path.appending("version"))
    _ = try Subprocess("touch", ["-d", "2099-01-01", scratch.path.appending("version").string]).run()
    #expect(try scratch.run(bundle.path, environment: environment).text == "\(one.minor)")
    #expect(try FileSystem.readText(log) == "asked\nasked\n")
    // One that works, with an older time, as from a package.
    try FileSystem.removeFile(scratch.path.appending("version"))
    #expect(try scratch.run(bundle.path, environment: environment).text == "\(one.minor)")
    try FileSystem.write(
      text: "#!/bin/sh\necho works >>'\(log)'\nexec '\(one.path)' \"$@\"\n", to: shim, permissions: 0o755)
    try FileSystem.setModificationTime(wallClockNanoseconds() - 7_200_000_000_000, of: shim)
    #expect(try scratch.run(bundle.path, environment: environment).text == "\(one.minor)")
    #expect(try FileSystem.readText(log).hasSuffix("works\n"))
  }

  @Test("A directory's choice of a pyenv version applies only there")
  func chosenByDirectory() throws {
    let scratch = try Scratch()
    let (one, other) = try pythons()
    let bundle = try bundle(scratch)
    let shim = scratch.path.appending("shims/python3"), chosen = scratch.path.appending("chosen/deeper")
    try FileSystem.createDirectories(shim.removingLastComponent())
    try FileSystem.createDirectories(chosen)
    try FileSystem.write(text: "3\n", to: scratch.path.appending("chosen/.python-version"))
    try FileSystem.write(
      text:
        "#!/bin/sh\ncase ${PYENV_VERSION-$PWD} in *chosen*) exec '\(one.path)' \"$@\" ;; esac\nexec '\(other.path)' \"$@\"\n",
      to: shim, permissions: 0o755)
    try FileSystem.setModificationTime(wallClockNanoseconds() - 3_600_000_000_000, of: shim)
    let environment = ["PEX_PYTHON": shim.string, "PYENV_ROOT": scratch.path.string]
    let noted = scratch.home.appending(".cache/kilt/runtime/bundles/\(bundle.id)/at\(shim)/wrapped")
    while !FileSystem.exists(noted) {
      #expect(try scratch.run(bundle.path, environment: environment).text == "\(other.minor)")
      usleep(100_000)
    }
    for _ in 0..<2 {
      let there = try scratch.run(
        "/bin/sh", ["-c", "cd '\(chosen)' && exec \"$0\"", bundle.path.string], environment: environment)
      #expect(there.text == "\(one.minor)", "\(there.errorText)")
      #expect(try scratch.run(bundle.path, environment: environment).text == "\(other.minor)")
    }
    let named = environment.merging(["PYENV_VERSION": "chosen"]) { $1 }
    #expect(try scratch.run(bundle.path, environment: named).text == "\(one.minor)")
  }
}
