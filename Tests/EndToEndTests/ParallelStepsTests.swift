import SystemSupport
import Testing

/// Build steps side by side.
@Suite struct ParallelStepsTests {
  /// A copy of the example with a folder `gen`.
  private func example(_ build: String) throws -> Example {
    let example = try Example()
    try example.append("gen/BUILD", build)
    return example
  }

  /// An environment with a cache of its own and without bubblewrap, so that steps see files that they do not declare.
  private func plain(_ example: Example) throws -> [String] {
    let bin = example.scratch.appending("bin")
    try FileSystem.createDirectories(bin)
    for name in ["bash", "touch", "sleep", "git"] where !FileSystem.exists(bin.appending(name)) {
      let path = try #require(Subprocess.find(name))
      try FileSystem.createSymbolicLink(at: bin.appending(name), to: path)
    }
    return ["KILT_CACHE_DIR=\(example.scratch.appending("cache"))", "PATH=\(bin)"]
  }

  @Test func independentStepsRunAtTheSameTimeAndDependentOnesAfterTheirInputs() throws {
    let example = try example("")
    let meeting = example.scratch.appending("meeting")
    try FileSystem.createDirectories(meeting)
    // Each goes on when the other has begun.
    func step(_ own: String, _ other: String) -> String {
      """
      shell_command(name="\(own)", tools=["touch", "sleep"], output_files=["\(own).txt"],
          command="touch \(meeting)/\(own); until [ -e \(meeting)/\(other) ]; do sleep 0.02; done; echo \(own) > \(own).txt")

      """
    }
    try example.append(
      "gen/BUILD",
      step("a", "b") + step("b", "a") + """
        shell_command(name="both", execution_dependencies=[":b", ":a"], output_files=["both.txt"],
            command="read a < a.txt; read b < b.txt; echo $a $b > both.txt", log_output=True)
        archive(name="all", format="zip", files=[":both"])
        """)
    try example.kilt("package", "--jobs=2", "gen:all", environment: plain(example))
    try example.execute("unzip", ["-q", example.root.appending("dist/gen/all.zip").string, "-d", "out"])
    #expect(try FileSystem.readText(example.root.appending("out/gen/both.txt")) == "a b\n")
    let again = try example.kilt("package", "gen:all", environment: plain(example)).errorText
    #expect(again.hasSuffix("nothing to do: it is up to date"), "\(again)")
  }

  @Test func afterAFailureWhatHasBegunEndsAndNothingElseBegins() throws {
    let example = try example("")
    let seen = example.scratch.appending("seen")
    try FileSystem.createDirectories(seen)
    var build = """
      shell_command(name="a_fails", tools=["touch"], command="touch \(seen)/a; exit 3", output_files=["a.txt"])
      shell_command(name="after_it", tools=["touch"], execution_dependencies=[":a_fails"],
          command="touch \(seen)/after; echo > after.txt", output_files=["after.txt"])

      """
    for number in 1...4 {
      build += """
        shell_command(name="z\(number)", tools=["touch"], command="touch \(seen)/z\(number); exit \(number)",
            output_files=["z\(number).txt"])

        """
    }
    let names = ["after_it"] + (1...4).map { "z\($0)" }
    for name in names { build += "archive(name=\"of_\(name)\", format=\"zip\", files=[\":\(name)\"])\n" }
    try example.append("gen/BUILD", build)
    let outcome = try example.kilt(["export-codegen", "--jobs=1", "gen::"], environment: plain(example))
    #expect(outcome.termination == .exited(1))
    #expect(outcome.errorText.contains("error: the command of \"gen:a_fails\" failed with exit code 3"))
    // One at a time, the first failure is the only one.
    #expect(outcome.errorText.split(separator: "error: the command").count == 2)
    #expect(try FileSystem.list(seen).map(\.name) == ["a"])
    let sandboxes = example.scratch.appending("cache/sandboxes")
    #expect(try FileSystem.list(sandboxes).isEmpty)
    // Packages do not keep each other from being built; what rests on a failure is not begun.
    let packages = try example.kilt(["package", "--jobs=1", "gen::"], environment: plain(example))
    #expect(packages.termination == .exited(1))
    #expect(packages.errorText.contains("error: cannot build 5 of 5 targets"), "\(packages.errorText)")
    #expect(try FileSystem.list(seen).map(\.name).sorted() == ["a", "z1", "z2", "z3", "z4"])
    #expect(try FileSystem.list(sandboxes).isEmpty)
  }

  @Test(arguments: [true, false])
  func anInterruptionEndsStepsAndLeavesNothingBehind(isIsolated: Bool) throws {
    let example = try example(
      """
      shell_command(name="slow", command="sleep 987 & sleep 987", tools=["sleep"], output_files=["x"])
      shell_command(name="slow_too", command="sleep 988", tools=["sleep"], output_files=["y"])
      archive(name="all", format="zip", files=[":slow", ":slow_too"])
      """)
    let cache = example.scratch.appending("cache")
    let path = try isIsolated ? environmentVariable("PATH") : plain(example).last.map { String($0.dropFirst(5)) }
    // Waits until both run, interrupts kilt as a terminal would, and says how it ended.
    let script = """
      set -m
      PATH=$STEPS "$KILT" package --jobs=2 gen:all & pid=$!
      until [ "$(ls "$KILT_CACHE_DIR/sandboxes" 2>/dev/null | grep -c 'lock$')" = 2 ]; do sleep 0.02; done
      kill -INT $pid; wait $pid; echo "code $?"
      """
    let said = try Subprocess(
      "bash", ["-c", script],
      environment: example.environment([
        "KILT_CACHE_DIR=\(cache)", "KILT=\(example.programs.appending("kilt"))", "STEPS=\(path ?? "")",
      ]),
      workingDirectory: example.root, deadlineMilliseconds: 60_000
    ).run()
    #expect(said.text.hasSuffix("code 130"), "\(said.text) \(said.errorText)")
    #expect(try FileSystem.list(cache.appending("sandboxes")).isEmpty)
    // Not one of the session's programs is left, whatever it had started.
    func isLeft() throws -> Bool {
      try Subprocess("ps", ["-eo", "args"]).run().text.split(separator: "\n")
        .contains { $0.hasPrefix("sleep 987") || $0.hasPrefix("sleep 988") }
    }
    // What is killed is seen for a moment longer, until the kernel has ended it.
    var looks = 0
    while try looks < 500 && isLeft() { looks += 1 }
    #expect(looks < 500)
  }
}
