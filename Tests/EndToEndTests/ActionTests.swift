import JSON
import SystemSupport
import Testing

/// Commands, archives and distributions, built by `kilt package`.
@Suite struct ActionTests {
  /// A copy of the example with a folder `gen` that generates, archives and distributes.
  private func workspace() throws -> Example {
    let example = try Example()
    try example.append("gen/template.txt", "hello NAME\n")
    try example.append("gen/data/a.txt", "a\n")
    try example.append(
      "gen/BUILD",
      """
      files(name="inputs", sources=["template.txt"])
      files(name="data", sources=["data/*"])
      shell_command(
          name="greeting",
          command="sed s/NAME/$WHO/ < template.txt > greeting.txt; echo generating",
          tools=["sed"],
          execution_dependencies=[":inputs"],
          output_files=["greeting.txt"],
          extra_env_vars=["WHO=world"],
          log_output=True,
      )
      relocated_files(name="moved", files_targets=[":data"], src="gen/data", dest="etc")
      """)
    for (name, format) in [("zip", "zip"), ("tar", "tar"), ("gz", "tar.gz"), ("xz", "tar.xz"), ("bz2", "tar.bz2")] {
      try example.append(
        "gen/BUILD",
        """

        archive(name="\(name)", format="\(format)", files=[":greeting", ":moved", ":inputs", ":data"])
        """)
    }
    return example
  }

  /// The environment that gives an example a cache of its own.
  private func ownCache(_ example: Example) -> [String] { ["KILT_CACHE_DIR=\(example.scratch.appending("cache"))"] }

  @Test func generatedFilesAreWrittenToLookAtThem() throws {
    let example = try workspace()
    let arguments = ["export-codegen", "gen::", "--format", "json"]
    func text(_ path: String) throws -> String { try FileSystem.readText(example.root.pushing(FilePath(path))) }
    let first = try example.kilt(arguments, environment: ownCache(example))
    #expect(first.termination == .exited(0), "\(first.errorText)")
    #expect(first.errorText.contains("wrote  dist/codegen/gen/greeting.txt"))
    #expect(try text("dist/codegen/gen/greeting.txt") == "hello world\n")
    #expect(try text("dist/codegen/etc/a.txt") == "a\n")
    let files = try #require(try JSONValue(parsing: first.output).array)
    #expect(files.map { $0["address"]?.string } == ["gen:greeting", "gen:moved"])
    #expect(files.allSatisfy { $0["written"]?.bool == true })

    // What is as it would be written stays; what somebody wrote over does not.
    try example.append("dist/codegen/etc/a.txt", "b\n")
    let second = try example.kilt(arguments, environment: ownCache(example))
    let written = try #require(try JSONValue(parsing: second.output).array)
    #expect(written.map { $0["written"]?.bool } == [false, true])
    #expect(try text("dist/codegen/etc/a.txt") == "a\n")

    let none = try example.kilt(["export-codegen", "gen:data"], environment: ownCache(example))
    #expect(none.termination == .exited(2))
    #expect(none.errorText.contains("cannot generate files of \"gen:data\": files targets generate none"))
  }

  @Test func anOutputThatIsNotMadeIsWarnedOfOrAnErrorAsTheTargetSays() throws {
    let example = try workspace()
    try example.append(
      "odd/BUILD",
      """
      shell_command(name="part", command="echo > a", output_files=["a", "b"], output_directories=["c"])
      shell_command(name="any", command="echo > a", output_files=["a", "b"], outputs_match_mode="at_least_one_warn")
      shell_command(name="all", command="echo > a", output_files=["a", "b"], outputs_match_mode="all")
      archive(name="lenient", format="zip", files=[":part", ":any"])
      archive(name="strict", format="zip", files=[":all"])
      """)
    for _ in 1...2 {  // The second time from the cache.
      let lenient = try example.kilt(["package", "odd:lenient"], environment: ownCache(example))
      #expect(lenient.termination == .exited(0), "\(lenient.errorText)")
      #expect(lenient.errorText.contains("warning: \"odd:part\" did not create odd/b, odd/c/"))
      #expect(!lenient.errorText.contains("odd:any"))
    }
    let strict = try example.kilt(["package", "odd:strict"], environment: ownCache(example))
    #expect(strict.termination == .exited(1))
    #expect(strict.errorText.contains("the command of \"odd:all\" did not create \"odd/b\""), "\(strict.errorText)")
  }

  @Test func archivesOfEveryFormatHoldWhatWasGeneratedAndRelocated() throws {
    let example = try workspace()
    let said = try example.kilt("package", "gen::", environment: ownCache(example)).errorText
    #expect(said.contains("generating"))
    let expected = ["etc/a.txt", "gen/data/a.txt", "gen/greeting.txt", "gen/template.txt"]
    for suffix in ["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"] {
      let name = suffix.split(separator: ".").last.map(String.init) ?? ""
      let path = example.root.appending("dist/gen/\(name).\(suffix)").string
      let folder = example.scratch.appending("out-\(name)").string
      try FileSystem.createDirectories(FilePath(folder))
      if suffix == "zip" {
        try example.execute("unzip", ["-q", path, "-d", folder])
      } else {
        try example.execute("tar", ["-xf", path, "-C", folder])
      }
      let found = try example.execute("find", [".", "-type", "f"], in: FilePath(folder))
      #expect(found.split(separator: "\n").map { String($0.dropFirst(2)) }.sorted() == expected, "\(suffix)")
      #expect(try FileSystem.readText(FilePath(folder).appending("gen/greeting.txt")) == "hello world\n")
    }
  }

  @Test func archivesDependOnContentsAloneAndAreBuiltOnce() throws {
    let example = try workspace()
    func package(_ spec: String) throws -> String {
      try example.kilt("package", spec, environment: ownCache(example)).errorText
    }
    func digests() throws -> String { try example.execute("sh", ["-c", "sha256sum dist/gen/*"]) }
    #expect(try package("gen::").contains("built  dist/gen/zip.zip"))
    let first = try digests()
    #expect(try package("gen::").hasSuffix("nothing to do: all 5 are up to date"))
    // Elsewhere, later, with another cache, the bytes are the same.
    let other = try workspace()
    try other.kilt("package", "gen::", environment: ownCache(other))
    #expect(try other.execute("sh", ["-c", "sha256sum dist/gen/*"]) == first)
    // What is not an input builds nothing; what is, does, and is named.
    try example.append("gen/other.txt", "x")
    #expect(try package("gen::").hasSuffix("nothing to do: all 5 are up to date"))
    try example.edit("gen/template.txt", "hello", "goodbye")
    let why = try example.kilt("explain", "gen:greeting", environment: ownCache(example)).text
    #expect(why.contains("    input gen/template.txt changed: "), "\(why)")
    #expect(try package("gen:zip").contains("built  dist/gen/zip.zip"))
    #expect(try digests() != first)
    // Back again, the cache has it.
    try example.edit("gen/template.txt", "goodbye", "hello")
    #expect(try package("gen:zip").contains("cached  dist/gen/zip.zip"))
    #expect(try digests() == first)
  }

  @Test func aFailingCommandIsShownAtItsPlaceWithWhatItWrote() throws {
    let example = try Example()
    try example.append(
      "gen/BUILD",
      """
      shell_command(name="bad", command="echo trying; echo wrong >&2; exit 4", output_files=["x"])
      archive(name="all", format="zip", files=[":bad"])
      """)
    try expectFailure(
      example, try example.kilt(["package", "gen:all"]), code: 1,
      """
      error: the command of "gen:bad" failed with exit code 4
        --> gen/BUILD:1:27
         |
       1 | shell_command(name="bad", command="echo trying; echo wrong >&2; exit 4", output_files=["x"])
         |                           ^^^^^^^
        note: standard output:
              trying
        note: standard error:
              wrong
        help: add `--keep-sandboxes=on_failure` to keep its sandbox, with a script that reruns it
      """)
    let cache = example.scratch.appending("cache")
    let kept = try example.kilt(
      ["package", "--keep-sandboxes=on_failure", "gen:all"], environment: ["KILT_CACHE_DIR=\(cache)"])
    #expect(kept.termination == .exited(1))
    let folders = try FileSystem.list(cache.appending("sandboxes")).filter { $0.kind == .directory }
    let script = cache.appending("sandboxes").appending(try #require(folders.first).name).appending("__run.sh")
    #expect(try Subprocess(script.string).run().termination == .exited(4))
  }

  @Test func aToolOfTheWorkspaceGeneratesCodeAndResourcesForABinary() throws {
    let example = try Example()
    try example.append(
      "gen/make.py",
      """
      import sys
      from gen.words import GREETING
      open(sys.argv[1], "w").write("TEXT = %r\\n" % GREETING)
      print("a resource")

      """)
    try example.append("gen/words.py", "GREETING = \"generated\"\n")
    try example.append(
      "gen/main.py",
      """
      import os
      from gen import made
      print(made.TEXT, open(os.path.join(os.path.dirname(__file__), "note.txt")).read().strip())

      """)
    try example.append(
      "gen/BUILD",
      """
      python_sources(name="lib")
      adhoc_tool(
          name="tool", runnable="gen/make.py:lib", args=["made.py"],
          output_files=["made.py"], stdout="note.txt",
      )
      experimental_wrap_as_python_sources(name="code", inputs=[":tool"])
      experimental_wrap_as_resources(name="notes", inputs=[":tool"])
      pex_binary(name="app", entry_point="main.py", dependencies=[":code", ":notes"])
      """)
    try example.kilt("package", "gen:app")
    let bundle = try example.bundle("gen_app-").string
    #expect(try example.execute(bundle, []) == "generated a resource")
    // The tool itself is no part of the binary.
    #expect(!(try example.execute("unzip", ["-l", bundle])).contains("words.py"))
    try example.edit("gen/words.py", "generated", "changed")
    try example.kilt("package", "gen:app")
    #expect(try example.execute(try example.bundle("gen_app-").string, []) == "changed a resource")
  }

  @Test func theCacheCanBeMeasuredCheckedAndShrunk() throws {
    let example = try workspace()
    let cache = example.scratch.appending("cache")
    let variable = ownCache(example)
    func kilt(_ arguments: String...) throws -> Subprocess.Outcome {
      try example.kilt(arguments, environment: variable)
    }
    #expect(try kilt("package", "gen::").termination.isSuccess)
    let usage = try JSONValue(parsing: try kilt("cache", "du", "--format", "json").output)
    #expect(usage["path"]?.string == cache.string)
    #expect((usage["counted_bytes"]?.int ?? 0) > 0)
    let names = usage["entries"]?.array?.compactMap { $0["name"]?.string } ?? []
    #expect(names.contains("blobs") && names.contains("records/action-1"))
    #expect(try kilt("cache", "verify").text.hasSuffix(": 0 damaged"))

    let blob = try example.execute("sh", ["-c", "ls \(cache)/blobs/sha256/*/* | head -1"])
    try FileSystem.write(text: "damaged", to: FilePath(blob))
    let found = try kilt("cache", "verify")
    #expect(found.termination == .exited(1))
    #expect(found.text.hasPrefix("damaged, removed  \(blob)\n"))
    try FileSystem.removeTree(example.root.appending("dist"))
    #expect(try kilt("package", "gen::").termination.isSuccess)
    #expect(try kilt("cache", "verify").termination == .exited(0))

    let collected = try JSONValue(parsing: try kilt("cache", "gc", "--quota", "0", "--format", "json").output)
    #expect(collected["remaining_bytes"]?.int == 0)
    #expect(try kilt("cache", "gc", "--quota", "much").termination == .exited(2))
    #expect(try kilt("package", "gen::").termination.isSuccess)
  }

  @Test func buildsThatAreKilledOrRunOutOfSpaceLeaveNothingWrong() throws {
    let example = try workspace()
    let cache = example.scratch.appending("cache")
    let program = example.programs.appending("kilt").string
    let environment = example.environment(["KILT_CACHE_DIR=\(cache)"])
    for milliseconds in [15, 40, 80, 130, 200, 300] {
      // timeout(1) kills with SIGKILL at that moment.
      _ = try Subprocess(
        "timeout", ["-s", "KILL", "\(Double(milliseconds) / 1000)", program, "package", "gen::"],
        environment: environment, workingDirectory: example.root
      ).run()
      let check = try example.kilt(["cache", "verify"], environment: ["KILT_CACHE_DIR=\(cache)"])
      #expect(check.termination == .exited(0), "\(check.text)")
    }
    // A file system of 64 KiB in the place of the cache, which only that command sees.
    let script = """
      mkdir -p "$1" && mount -t tmpfs -o size=64k,mode=700 kilt "$1" || exit 99
      "$KILT" package gen::
      code=$?
      find "$1" -name '*.tmp'
      exit $code
      """
    let full = try Subprocess(
      "unshare", ["--map-root-user", "--mount", "sh", "-c", script, "sh", example.scratch.appending("full").string],
      environment: example.environment(["KILT=\(program)", "KILT_CACHE_DIR=\(example.scratch.appending("full"))"]),
      workingDirectory: example.root, deadlineMilliseconds: 120_000
    ).run()
    try #require(full.termination != .exited(99), "no user namespaces here: run the tests as root")
    // Steps run side by side: the first to meet the end of the space is one of ours, or gzip, whose words are shown.
    let (code, words) =
      full.errorText.contains("failed with exit code")
      ? (1, "No space left on device") : (3, "free space on its file system")
    #expect(full.termination == .exited(Int32(code)), "\(full.errorText)")
    #expect(full.text == "")
    #expect(full.errorText.contains(words), "\(full.errorText)")
    let last = try example.kilt(["package", "gen::"], environment: ["KILT_CACHE_DIR=\(cache)"])
    #expect(last.termination == .exited(0), "\(last.errorText)")
  }
}
