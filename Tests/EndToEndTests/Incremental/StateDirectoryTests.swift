import SystemSupport
import Testing

/// Where the state cannot be kept, answers are right all the same: it costs time, nothing else.
@Suite struct StateDirectoryTests {
  private static let question = ["dependencies", "::"]

  /// Expects answers from runs whose state is at `state`, before and after an edit, started through a shell script that
  /// has `kilt` and the question as arguments, or through the program itself.
  private func expectAnswers(
    _ monorepo: Monorepo, state: FilePath, through program: [String],
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws {
    for round in 0..<3 {
      let command = program + [monorepo.kilt.string] + Self.question
      let outcome = try Subprocess(
        command[0], Array(command.dropFirst()), environment: monorepo.environment(["KILT_STATE_DIR=\(state)"]),
        workingDirectory: monorepo.root, deadlineMilliseconds: 120_000
      ).run()
      try #require(outcome.termination != .exited(99), "no user namespaces here: run the tests as root")
      let cold = try monorepo.run(Self.question, environment: ["KILT_SNAPSHOT=off"])
      #expect(outcome.termination == .exited(0), "\(outcome.errorText)", sourceLocation: sourceLocation)
      #expect(outcome.text == cold.text, sourceLocation: sourceLocation)
      #expect(!outcome.errorText.contains("error"), "\(outcome.errorText)", sourceLocation: sourceLocation)
      try monorepo.append(
        "src/g000/p0000\(round)/BUILD", "target(name=\"at\(monotonicNanoseconds())\", dependencies=[\":tests\"])\n")
    }
  }

  /// A shell script that mounts what `mount` says at the state directory, for itself alone, and runs the rest.
  private func mounting(_ mount: String, at state: FilePath) -> [String] {
    ["unshare", "--map-root-user", "--mount", "sh", "-c", "\(mount) \(state) || exit 99; exec \"$@\"", "sh"]
  }

  @Test func aStateDirectoryThatCanNotBeWritten() throws {
    let monorepo = try Monorepo(packages: 4)
    let state = monorepo.scratch.appending("state")
    try FileSystem.createDirectories(state)
    try expectAnswers(monorepo, state: state, through: mounting("mount -t tmpfs -o ro kilt", at: state))
    // With state that was sound, and is old by now.
    _ = try monorepo.run(Self.question, environment: ["KILT_STATE_DIR=\(state)"])
    #expect(FileSystem.exists(state.appending("state/CURRENT")))
    try expectAnswers(
      monorepo, state: state,
      through: [
        "unshare", "--map-root-user", "--mount", "sh", "-c",
        "mount --bind \(state) \(state) && mount -o remount,bind,ro \(state) || exit 99; exec \"$@\"", "sh",
      ])
  }

  @Test func aStateDirectoryOnAFullDisk() throws {
    let monorepo = try Monorepo(packages: 4)
    let state = monorepo.scratch.appending("state")
    try FileSystem.createDirectories(state)
    for size in ["4k", "64k", "100k"] {
      try expectAnswers(monorepo, state: state, through: mounting("mount -t tmpfs -o size=\(size) kilt", at: state))
    }
  }

  @Test func aStateDirectoryOfAnotherUser() throws {
    let monorepo = try Monorepo(packages: 4)
    let state = monorepo.scratch.appending("state")
    _ = try monorepo.run(Self.question, environment: ["KILT_STATE_DIR=\(state)"])
    try #require(FileSystem.exists(state))
    let isRoot = try Subprocess("id", ["-u"]).run().text == "0"
    if isRoot {
      try #require(try Subprocess("chown", ["-R", "65534:65534", state.string]).run().termination.isSuccess)
    }
    try FileSystem.setPermissions(isRoot ? 0o700 : 0, of: state)
    // Root without capabilities may do what anybody may.
    try expectAnswers(
      monorepo, state: state, through: isRoot ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : ["env"])
    try FileSystem.setPermissions(0o700, of: state)
  }

  @Test func aStateDirectoryThatIsAFile() throws {
    let monorepo = try Monorepo(packages: 4)
    let state = monorepo.scratch.appending("state")
    try FileSystem.write(text: "no directory\n", to: state)
    try expectAnswers(monorepo, state: state, through: ["env"])
    #expect(try FileSystem.readText(state) == "no directory\n")
  }

  /// Inode numbers of overlayfs may be others after each mount, and change when a file is first written to.
  @Test func aWorkspaceOnAFileSystemWithUnstableInodes() throws {
    let monorepo = try Monorepo(packages: 4)
    let script = """
      lower=$1; work=$2; kilt=$3; mount -t tmpfs kilt "$work" && cd "$work" && mkdir upper inner merged || exit 99
      for round in 1 2 3; do
        mount -t overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/inner" kilt merged || exit 99
        cd merged
        for edit in a b; do
          "$kilt" list :: > ../warm 2>&1
          KILT_SNAPSHOT=off "$kilt" list :: > ../cold 2>&1
          cmp ../warm ../cold || exit 1
          echo "target(name=\\"$edit$round\\")" >> src/g000/p0000$round/BUILD
        done
        "$kilt" list :: > ../warm 2>&1
        KILT_SNAPSHOT=off "$kilt" list :: > ../cold 2>&1
        cmp ../warm ../cold || exit 1
        grep -q "b$round" ../warm || exit 2
        cd .. && umount merged
      done
      """
    let work = monorepo.scratch.appending("overlay")
    try FileSystem.createDirectories(work)
    let outcome = try Subprocess(
      "unshare",
      [
        "--map-root-user", "--mount", "sh", "-c", script, "sh", monorepo.root.string, work.string, monorepo.kilt.string,
      ],
      environment: monorepo.environment(), deadlineMilliseconds: 120_000
    ).run()
    try #require(outcome.termination != .exited(99), "overlayfs cannot be mounted here: \(outcome.errorText)")
    #expect(outcome.termination == .exited(0), "\(outcome.text) \(outcome.errorText)")
  }
}
