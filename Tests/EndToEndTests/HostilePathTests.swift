import SystemSupport
import Testing

/// Nothing is written outside of `dist`, and nothing outside of the workspace is read, whatever a path of a BUILD file, a
/// lockfile or the configuration says.
@Suite struct HostilePathTests {
  /// A path and who names it.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// The BUILD file.
    var build = ""
    /// Added to the configuration.
    var configuration = ""
    var arguments = ["package", "::"]
    /// What the message says.
    var says: String
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "output_path of a bundle leads upwards", build: "pex_binary(name='b', output_path='../out.pex')",
      says: "the output_path \"../out.pex\" of \"//:b\" is outside the output directory dist\n  --> BUILD:1:"),
    Case(
      name: "output_path of a bundle is absolute", build: "pex_binary(name='b', output_path='/tmp/kilt-out.pex')",
      says: "the output_path \"/tmp/kilt-out.pex\" of \"//:b\" is outside the output directory dist\n  --> BUILD:1:"),
    Case(
      name: "output_path leads upwards after a directory",
      build: "pex_binary(name='b', output_path='a/../../out.pex')", says: "is outside the output directory dist"),
    Case(
      name: "output_path of an archive leads upwards",
      build: "archive(name='b', format='zip', output_path='../out.zip')",
      says: "the output_path \"../out.zip\" of \"//:b\" is outside the output directory dist\n  --> BUILD:1:"),
    Case(
      name: "output_path of an archive is absolute",
      build: "archive(name='b', format='zip', output_path='/out.zip')", says: "is outside the output directory dist"),
    Case(
      name: "output_path of a distribution leads upwards",
      build: "python_distribution(name='b', output_path='../x', provides=python_artifact(name='b', version='1'))",
      says: "is outside the output directory dist"),
    Case(
      name: "long_description_path leads upwards",
      build: "python_distribution(name='b', long_description_path='../secret.txt', "
        + "provides=python_artifact(name='b', version='1'))",
      says: "the long_description_path \"../secret.txt\" of \"//:b\" is outside the workspace\n  --> BUILD:1:"),
    Case(
      name: "dest of relocated_files leads upwards",
      build: "file(name='f', source='f.txt')\nrelocated_files(name='r', files_targets=[':f'], src='', dest='../x')\n"
        + "archive(name='b', format='zip', files=[':r'])",
      says: "the dest \"../x\" of \"//:r\" is outside the workspace\n  --> BUILD:2:"),
    Case(
      name: "outputs of a command lead upwards",
      build: "shell_command(name='c', command='true', output_files=['../../x'])\n"
        + "archive(name='b', format='zip', files=[':c'])", says: "is outside the workspace\n  --> BUILD:1:"),
    Case(
      name: "workdir of a command leads upwards",
      build: "shell_command(name='c', command='true', workdir='../..', output_files=['x'])\n"
        + "archive(name='b', format='zip', files=[':c'])", says: "is outside the workspace\n  --> BUILD:1:"),
    Case(
      name: "source leads upwards", build: "file(name='f', source='../secret.txt')", arguments: ["list", "::"],
      says: "\"../secret.txt\""),
    Case(
      name: "entry_point leads upwards", build: "pex_binary(name='b', entry_point='../secret.py')",
      says: "\"../secret.py\""),
    Case(
      name: "executable leads upwards", build: "pex_binary(name='b', executable='../secret.txt')",
      says: "\"../secret.txt\""),
    Case(
      name: "load leads upwards", build: "load('../secret.txt', 'x')", arguments: ["list", "::"],
      says: "../secret.txt"),
    Case(
      name: "a requirement leads upwards",
      build: "python_requirement(name='r', requirements=['./../secret'])", arguments: ["list", "::"],
      says: "is outside the workspace"),
    Case(
      name: "the lockfile of a resolve leads upwards",
      configuration: "[python.resolves]\ndefault = \"../out.lock\"\n", arguments: ["lock"],
      says: "\"../out.lock\" in \"kilt.toml\" is outside the workspace\n  --> kilt.toml:4:"),
    Case(
      name: "the lockfile of a resolve is absolute",
      configuration: "[python.resolves]\ndefault = \"/tmp/kilt-out.lock\"\n", arguments: ["lock"],
      says: "is outside the workspace\n  --> kilt.toml:4:"),
    Case(
      name: "a constraints file leads upwards",
      configuration: "[python.resolves.default]\nlockfile = \"l.lock\"\nconstraints_file = \"../secret.txt\"\n",
      arguments: ["lock"], says: "is outside the workspace\n  --> kilt.toml:5:"),
  ]

  private func workspace(_ example: Example, _ build: String, _ configuration: String = "") throws -> FilePath {
    let root = try example.makeWorkspace([
      "kilt.toml": "[workspace]\nsource_roots = [\"/\"]\n" + configuration, "BUILD": build + "\n", "f.txt": "f\n",
    ])
    try FileSystem.write(text: "geheim\n", to: example.scratch.appending("secret.txt"))
    try FileSystem.write(text: "GEHEIM = 1\n", to: example.scratch.appending("secret.py"))
    return root
  }

  /// What lies beside the workspace.
  private func surroundings(_ example: Example) throws -> [String] {
    try FileSystem.list(example.scratch).map(\.name).sorted()
  }

  @Test("A path that leads outside the workspace is refused with its location", arguments: cases)
  func refused(_ entry: Case) throws {
    let example = try Example()
    let root = try workspace(example, entry.build, entry.configuration)
    let before = try surroundings(example)
    let outcome = try example.kilt(entry.arguments, in: root)
    #expect(outcome.termination != .exited(0))
    #expect(outcome.errorText.contains(entry.says), "\(outcome.errorText)")
    #expect(!outcome.errorText.contains("geheim") && !outcome.text.contains("geheim"))
    #expect(try surroundings(example) == before)
  }

  @Test("A committed link named dist, or in dist, is not followed")
  func links() throws {
    let example = try Example()
    let root = try workspace(
      example, "archive(name='b', format='zip', files=[':f'], output_path='sub/x.zip')\nfile(name='f', source='f.txt')")
    let target = example.scratch.appending("target")
    try FileSystem.createDirectories(target)
    try FileSystem.createSymbolicLink(at: root.appending("dist"), to: target)
    let first = try example.kilt(["package", "::"], in: root)
    #expect(first.termination == .exited(2))
    #expect(first.errorText.contains("cannot write to \"dist\": \"dist\" is a symbolic link"), "\(first.errorText)")
    try FileSystem.removeTree(root.appending("dist"))
    try FileSystem.createDirectories(root.appending("dist"))
    try FileSystem.createSymbolicLink(at: root.appending("dist/sub"), to: target)
    let second = try example.kilt(["package", "::"], in: root)
    #expect(second.termination == .exited(2))
    #expect(
      second.errorText.contains("cannot write to \"dist/sub\": \"dist/sub\" is a symbolic link"), "\(second.errorText)")
    #expect(try FileSystem.list(target).isEmpty)
  }

  @Test("A link in place of a product is replaced, not written through")
  func linkInPlaceOfProduct() throws {
    let example = try Example()
    let root = try workspace(
      example, "archive(name='b', format='zip', files=[':f'], output_path='x.zip')\nfile(name='f', source='f.txt')")
    let victim = example.scratch.appending("victim")
    try FileSystem.write(text: "mine\n", to: victim)
    try FileSystem.createDirectories(root.appending("dist"))
    try FileSystem.createSymbolicLink(at: root.appending("dist/x.zip"), to: victim)
    #expect(try example.kilt(["package", "::"], in: root).termination == .exited(0))
    #expect(try FileSystem.readText(victim) == "mine\n")
  }
}
