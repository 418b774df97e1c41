import JSON
import SystemSupport
import Testing

/// `kilt package --platform`: bundles for other machines and Pythons, from wheels that the lock has for them.
@Suite struct PlatformTests {
  private let example: Example
  private let root: FilePath
  private let wheels: FilePath

  init() throws {
    example = try Example()
    wheels = example.scratch.appending("wheels")
    try example.addWheel("app", "1.0", to: wheels, requires: ["speed", "win; sys_platform == 'win32'"])
    for tag in [
      "cp311-cp311-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_28_aarch64",
      "cp311-cp311-musllinux_1_2_x86_64", "cp312-cp312-macosx_11_0_arm64", "cp313-cp313t-manylinux_2_17_x86_64",
    ] { try example.addWheel("speed", "2.0", to: wheels, tag: tag) }
    try example.addWheel("win", "1.0", to: wheels)
    root = try example.makeWorkspace([
      "kilt.toml": """
      [workspace]
      source_roots = ["/"]
      [python]
      interpreter_constraints = ["CPython>=3.11,<3.14"]
      version = "3.12"
      default_resolve = "main"
      [python.resolves]
      main = "main.lock"

      """,
      "BUILD": """
      python_requirements(name="reqs")
      python_sources(name="code", sources=["main.py"])
      pex_binary(name="main", entry_point="main.py")
      pex_binary(name="named", entry_point="main.py", output_path="named.pex")
      archive(name="files", format="zip", files=[])

      """,
      "requirements.txt": "app\n", "main.py": "import app, speed\nprint(speed.TAG)\n",
    ])
    let locked = try kilt("lock")
    try #require(locked.termination.isSuccess, "\(locked.errorText)")
  }

  private func kilt(_ arguments: String...) throws -> Subprocess.Outcome {
    try example.kilt(arguments, in: root, environment: try example.packages(in: wheels))
  }

  /// The wheel of `speed` in a bundle, by what the bundle's own PEX-INFO says.
  private func tag(_ bundle: String) throws -> String {
    let script = """
      import json, sys, zipfile
      names = json.loads(zipfile.ZipFile(sys.argv[1]).read('PEX-INFO'))['distributions']
      print([n for n in names if n.startswith('speed')][0])
      """
    return try example.execute("python3", ["-c", script, root.appending("dist").appending(bundle).string])
  }

  @Test func eachPlatformHasAFileOfItsOwnWithItsWheels() throws {
    let outcome = try kilt(
      "package", "--format", "json", "--platform", "linux_aarch64", "--platform", "linux_x86_64@3.11", "--platform",
      "macos_arm64", "--platform", "musllinux_1_2_x86_64-cp311", ":main")
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    let json = try #require(JSONValue(parsing: outcome.output).array)
    #expect(
      json.map { $0["platform"]?.string } == [
        "linux_aarch64", "linux_x86_64@3.11", "macos_arm64", "musllinux_1_2_x86_64-cp311",
      ])
    let commit = try example.execute("git", ["rev-parse", "--short=12", "HEAD"], in: root)
    for (name, tag) in [
      ("linux_aarch64", "cp312-cp312-manylinux_2_28_aarch64"),
      ("linux_x86_64-3.11", "cp311-cp311-manylinux_2_17_x86_64"), ("macos_arm64", "cp312-cp312-macosx_11_0_arm64"),
      ("musllinux_1_2_x86_64-cp311", "cp311-cp311-musllinux_1_2_x86_64"),
    ] {
      #expect(try self.tag("main-\(commit).dirty-\(name).pex") == "speed-2.0-\(tag).whl")
    }
    // Nothing is built twice.
    let again = try kilt("package", "--platform", "macos_arm64", ":main")
    #expect(again.errorText.contains("unchanged  dist/main-\(commit).dirty-macos_arm64.pex"))
  }

  @Test func aWheelThatIsMissingIsToldWithTheTagsWantedAndThoseOffered() throws {
    let outcome = try kilt("package", "--platform", "macos_arm64@3.11", ":main")
    #expect(outcome.termination == .exited(2))
    #expect(
      outcome.errorText.hasSuffix(
        """
        error: speed 2.0 has no wheel for CPython 3.11 on macosx_14_0_arm64
          note: wanted, best first: cp311-cp311-macosx_14_0_arm64, cp311-cp311-macosx_14_0_universal2, \
        cp311-cp311-macosx_13_0_arm64, …, cp311-none-any, py311-none-any
          note: offered:
          note:   speed-2.0-cp311-cp311-manylinux_2_17_x86_64.whl
          note:   speed-2.0-cp311-cp311-musllinux_1_2_x86_64.whl
          note:   speed-2.0-cp312-cp312-macosx_11_0_arm64.whl
          note:   speed-2.0-cp312-cp312-manylinux_2_17_x86_64.whl
          note:   speed-2.0-cp312-cp312-manylinux_2_28_aarch64.whl
          note:   speed-2.0-cp313-cp313t-manylinux_2_17_x86_64.whl
          help: require a version with a wheel, or build the wheel and add it to find-links or the package index, \
        then run `kilt lock`
        """))
  }

  @Test func wrongPlatformsAreWrongInput() throws {
    for (arguments, message) in [
      (
        ["--platform", "linux_x86_46", ":main"],
        """
        error: speed 2.0 has no wheel for CPython 3.12 on manylinux_2_28_x86_46
        """
      ),
      (
        ["--platform", "lunix_x86_64", ":main"],
        """
        error: unknown platform "lunix_x86_64" in --platform
          help: did you mean "linux_x86_64"?
          help: write "linux_x86_64", "linux_aarch64@3.12", "macos_arm64", "manylinux_2_28_x86_64" or "current"
        """
      ),
      (["--platform", "linux_../../x", ":main"], "error: unknown platform \"linux_../../x\" in --platform"),
      (
        ["--platform", "linux_x86_64@3.14", ":main"],
        "error: \"linux_x86_64@3.14\" is for Python 3.14, which CPython>=3.11,<3.14 excludes"
      ),
      (
        ["--platform", "linux_x86_64-cp313-cp313t", ":main"],
        """
        error: no Python from 3.8 on meets the interpreter constraints and the wheels
          note: the constraints are CPython>=3.11,<3.14
          note: "speed-2.0-cp313-cp313t-manylinux_2_17_x86_64.whl" leaves no version: it is for free-threaded Pythons, \
        which bundles do not run on
        """
      ),
      (
        ["--platform", "linux_x86_64", "--platform", "linux_aarch64", ":named"],
        """
        error: cannot build "//:named" for several platforms: its `output_path` names a single file
        """
      ),
      (
        ["--platform", "linux_x86_64", ":files"],
        "error: cannot package \"//:files\": kilt package does not support archive targets"
      ),
    ] {
      let outcome = try example.kilt(["package"] + arguments, in: root, environment: try example.packages(in: wheels))
      #expect(outcome.termination == .exited(2), "\(arguments): \(outcome.errorText)")
      #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
    }
  }
}
