import SystemSupport
import Testing

/// What `kilt package ::` leaves after edits, on what is known, against what it makes of a copy of which nothing is known.
@Suite struct PackagedFilesTests {
  private static let packages = 10

  private func monorepo() throws -> Monorepo { try Monorepo(packages: Self.packages, options: ["--packable"]) }

  /// Exit code, what is wrong, and the digest of every file in `dist`.
  private func packaged(_ monorepo: Monorepo, in root: FilePath, environment: [String] = []) throws -> String {
    let outcome = try monorepo.run(["package", "::"], in: root, environment: environment)
    // After an error `dist` may hold what an earlier run left.
    guard outcome.termination.isSuccess else {
      // Before it stands what was made until then, with its times.
      let error = outcome.errorText.split(separator: "\n").drop { !$0.hasPrefix("error:") }
      return "\(outcome.termination)\n\(error.joined(separator: "\n"))"
    }
    let script = "[ ! -d dist ] || find dist -type f ! -name .gitignore -exec sha256sum {} + | LC_ALL=C sort -k 2"
    return try Subprocess("sh", ["-c", script], workingDirectory: root).run().text
  }

  /// The same of a copy without state, output and cache.
  private func packagedAnew(_ monorepo: Monorepo, environment: [String] = []) throws -> String {
    let copy = monorepo.scratch.appending("copy")
    try FileSystem.removeTree(copy)
    try #require(try Subprocess("cp", ["-a", monorepo.root.string, copy.string]).run().termination.isSuccess)
    for name in [".kilt", "dist"] { try FileSystem.removeTree(copy.appending(name)) }
    let cache = monorepo.scratch.appending("other-cache")
    try FileSystem.removeTree(cache)
    return try packaged(
      monorepo, in: copy, environment: environment + ["KILT_SNAPSHOT=off", "KILT_CACHE_DIR=\(cache)"])
  }

  private func expectSame(
    _ monorepo: Monorepo, _ comment: String, environment: [String] = [],
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws {
    let known = try packaged(monorepo, in: monorepo.root, environment: environment)
    let anew = try packagedAnew(monorepo, environment: environment)
    #expect(known == anew, "\(comment): it is\n\(known)\nand not\n\(anew)", sourceLocation: sourceLocation)
  }

  @Test func editsOfEveryKindReachWhatIsPackaged() throws {
    let monorepo = try monorepo()
    try expectSame(monorepo, "at first")
    let package = "src/g000/p00001"
    try monorepo.append("\(package)/m0.py", "VALUE_2 = 2\n")
    try expectSame(monorepo, "a source")
    // The same size, and the modification time put back.
    let file = monorepo.root.appending("\(package)/m0.py")
    let time = try FileSystem.status(of: file).modificationTime
    try FileSystem.write(
      text: try FileSystem.readText(file).split(separator: "VALUE_2 = 2", omittingEmptySubsequences: false)
        .joined(separator: "VALUE_2 = 3"), to: file)
    try FileSystem.setModificationTime(time, of: file)
    try expectSame(monorepo, "a source, keeping size and time")
    try monorepo.append("\(package)/m0.py", "import g000.p00003.m0\n")
    try expectSame(monorepo, "an import")
    try monorepo.append("src/g000/p00003/m0.py", "import g000.p00007\n")
    try expectSame(monorepo, "an import of what is imported")
    try monorepo.write("src/g000/p00007/__init__.py", "X = 1\n")
    try expectSame(monorepo, "a package that is blank no more")
    try monorepo.append("src/g000/p00002/data.json", "[]\n")
    try expectSame(monorepo, "a resource of nothing")
    try monorepo.append("\(package)/BUILD", "resources(name=\"r\", sources=[\"*.md\"])\n")
    try monorepo.write("\(package)/x.md", "x\n")
    try expectSame(monorepo, "a resource that nothing depends on")
    try FileSystem.setPermissions(0o755, of: file)
    try expectSame(monorepo, "a mode")
    try monorepo.write("\(package)/BUILD", "python_sources()\npex_binary(name=\"bin\", entry_point=\"m1.py\")\n")
    try expectSame(monorepo, "a target")
    try FileSystem.removeFile(monorepo.root.appending("src/g000/p00003/m0.py"))
    try expectSame(monorepo, "a source that is gone")
    try monorepo.write("kilt.toml", "[workspace]\nextends = \"pants.toml\"\n[python.infer]\ninit_files = \"never\"\n")
    try expectSame(monorepo, "the configuration")
  }

  @Test func whatWasPackagedIsMadeAgainWhereItIsGoneOrAnother() throws {
    let monorepo = try monorepo()
    try expectSame(monorepo, "at first")
    let find = "find dist -type f -name '*.pex'"
    let bundles = try Subprocess("sh", ["-c", find], workingDirectory: monorepo.root).run().text
      .split(separator: "\n").map { monorepo.root.appending(String($0)) }
    try #require(!bundles.isEmpty)
    for bundle in bundles { try FileSystem.removeFile(bundle) }
    try expectSame(monorepo, "removed")
    for bundle in bundles { try FileSystem.write(text: "another\n", to: bundle) }
    try expectSame(monorepo, "replaced")
    try FileSystem.removeTree(monorepo.root.appending("dist"))
    try expectSame(monorepo, "all of dist removed")
    try FileSystem.removeTree(monorepo.scratch.appending("cache"))
    try expectSame(monorepo, "the cache removed")
    try FileSystem.removeTree(monorepo.root.appending(".kilt/state"))
    try expectSame(monorepo, "the state removed")
  }

  @Test func whatStoodInASourceForAMomentIsNotTakenForItsPackage() throws {
    let monorepo = try monorepo()
    try monorepo.write(
      "docs/BUILD", "file(name=\"f\", source=\"a.txt\")\narchive(name=\"z\", format=\"zip\", files=[\":f\"])\n")
    try monorepo.write("docs/a.txt", "for good\n")
    // git is asked when all has been looked at and nothing has been read yet.
    let (bin, mark) = (monorepo.scratch.appending("bin"), monorepo.scratch.appending("edit"))
    let git = try #require(Subprocess.find("git"))
    try FileSystem.createDirectories(bin)
    let edit = "[ ! -e \(mark) ] || echo for a moment > \(monorepo.root)/docs/a.txt"
    try FileSystem.write(
      text: "#!/bin/sh\n\(edit)\nexec \(git) \"$@\"\n", to: bin.appending("git"), permissions: 0o755)
    func packed(_ comment: String) throws -> String {
      let path = "PATH=\(bin):/usr/local/bin:/usr/bin:/bin"
      let outcome = try monorepo.run(["package", "docs:z"], environment: [path])
      try #require(outcome.termination.isSuccess, "\(comment): \(outcome.errorText)")
      return try Subprocess("unzip", ["-p", "dist/docs/z.zip"], workingDirectory: monorepo.root).run().text
    }
    try FileSystem.write(text: "", to: mark)
    #expect(try packed("edited meanwhile") == "for a moment")
    try FileSystem.removeFile(mark)
    try monorepo.write("docs/a.txt", "for good\n")
    #expect(try packed("put back") == "for good")
    #expect(try packed("nothing new") == "for good")
  }

  @Test func thePythonsOfTheSearchPathAreLookedForInEachRun() throws {
    let monorepo = try monorepo()
    try expectSame(monorepo, "at first")
    let bare = monorepo.scratch.appending("bare")
    try FileSystem.createDirectories(bare)
    let git = try #require(Subprocess.find("git"))
    try FileSystem.createSymbolicLink(at: bare.appending("git"), to: git)
    for path in ["PATH=\(bare)", "PATH=/usr/local/bin:/usr/bin:/bin", "PATH=\(bare)"] {
      try expectSame(monorepo, path, environment: [path, "HOME=\(bare)"])
    }
  }

  @Test(.enabled(if: SystemCalls.areTraceable, "ptrace(2) is forbidden here: strace cannot count system calls"))
  func interpretersThatAreTheSameAreLookedForOnceWhenTheSearchPathChanges() throws {
    let monorepo = try monorepo()
    try monorepo.settle("package", "::")
    let empty = monorepo.scratch.appending("empty")
    try FileSystem.createDirectories(empty)
    let path = "PATH=\(environmentVariable("PATH") ?? ""):\(empty)"
    func listed() throws -> Bool {
      try SystemCalls(of: ["package", "::"], in: monorepo, environment: [path]).opened.contains(empty.string)
    }
    // A folder that was only just made is looked into until a moment has passed.
    var runs = 0
    while try runs < 50 && listed() { runs += 1 }
    #expect(runs > 0 && runs < 50)
  }

  @Test(.enabled(if: SystemCalls.areTraceable, "ptrace(2) is forbidden here: strace cannot count system calls"))
  func nothingToPackageLooksAtEachFileOnceOpensNoSourceAndWritesNothing() throws {
    let monorepo = try monorepo()
    try monorepo.settle("package", "::")
    let calls = try SystemCalls(of: ["package", "::"], in: monorepo)
    calls.expectQuiet(in: monorepo)
  }
}
