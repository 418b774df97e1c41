import Glibc
import SystemSupport
import Testing

/// Names that are not UTF-8: no target can contain them, and every command says so.
@Suite struct UnnamableFileTests {
  /// Makes an empty file at a path of any bytes.
  private func make(_ path: String, _ bytes: [UInt8]) throws {
    let name = path.utf8.map { CChar(bitPattern: $0) } + bytes.map { CChar(bitPattern: $0) } + [0]
    let descriptor = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    try #require(descriptor >= 0)
    close(descriptor)
  }

  @Test("Every command that meets names that are not UTF-8 says so once, from the state too, until they are ignored")
  func everyCommand() throws {
    let example = try Example()
    let root = example.scratch.appending("odd")
    try FileSystem.createDirectories(root.appending("lib"))
    for (path, text) in [
      ("kilt.toml", "[workspace]\nsource_roots = [\"/\"]\n"), ("lib/a.py", "print(1)\n"),
      (
        "lib/BUILD",
        "python_sources()\nresources(name='r', sources=['*.txt'])\npex_binary(name='b', entry_point='a.py')\n"
      ),
    ] { try FileSystem.write(text: text, to: root.appending(path)) }
    try make(root.string + "/lib/", [0x78, 0xFF] + ".txt".utf8)
    func errors(_ arguments: String...) throws -> String {
      let outcome = try example.kilt(arguments + ["-C", root.string])
      #expect(outcome.termination.isSuccess, "\(arguments): \(outcome.errorText)")
      return outcome.errorText
    }
    let warning =
      "warning: left out a name that is not UTF-8\n  note: the names, with � for other bytes: \"lib/x�.txt\"\n"
    // The first call reads the directory, the others know it from the state.
    for arguments in [
      ["list", "::"], ["list", "::"], ["dependencies", "lib/a.py"], ["package", "::"], ["package", "::"],
      ["run", "lib/a.py"], ["owners", "lib/a.py"], ["roots"], ["tailor", "--check"],
    ] {
      let outcome = try example.kilt(arguments + ["-C", root.string])
      #expect(
        outcome.errorText.split(separator: "warning: left out", omittingEmptySubsequences: false).count == 2,
        "\(arguments): \(outcome.errorText)")
      #expect(outcome.errorText.contains(warning), "\(arguments): \(outcome.errorText)")
    }
    #expect(try !errors("list", "::", "--quiet").contains("UTF-8"))
    try make(root.string + "/", [0x64, 0xC3])
    #expect(try errors("list", "::").contains("left out 2 names that are not UTF-8"))
    try FileSystem.write(text: "lib/x*\nd*\n", to: root.appending(".gitignore"))
    #expect(try !errors("list", "::").contains("UTF-8"))
  }

  @Test("kilt init says which names of the new workspace are not UTF-8, except ignored ones")
  func initialization() throws {
    let example = try Example()
    let root = example.scratch.appending("new")
    try FileSystem.createDirectories(root.appending("lib"))
    try FileSystem.write(text: "old*\n", to: root.appending(".gitignore"))
    try make(root.string + "/lib/", [0x78, 0xFF] + ".txt".utf8)
    try make(root.string + "/", "old".utf8 + [0xE9])
    let outcome = try example.kilt(["init", "-C", root.string])
    #expect(outcome.termination.isSuccess)
    #expect(outcome.errorText.contains("warning: left out a name that is not UTF-8\n"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("\"lib/x�.txt\""), "\(outcome.errorText)")
  }
}
