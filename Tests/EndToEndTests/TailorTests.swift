import JSON
import SystemSupport
import Testing

/// `kilt tailor` on the example repository.
@Suite struct TailorTests {
  @Test func newFilesGetTargetsAndACheckFailsUntilTheyHave() throws {
    let example = try Example()
    #expect(try example.kilt("tailor", "--check", "::").text == "")
    try FileSystem.createDirectories(example.root.appending("lib/mail"))
    try FileSystem.write(text: "import lib.auth\n", to: example.root.appending("lib/mail/send.py"))
    try FileSystem.write(text: "", to: example.root.appending("lib/mail/send_test.py"))

    let check = try example.kilt(["tailor", "--check", "--changed-since=HEAD"])
    #expect(check.termination == .exited(1))
    #expect(
      check.text == """
        Would create lib/mail/BUILD:
          - Add python_sources target mail
          - Add python_tests target tests
        """)
    #expect(check.errorText.contains("to write this: kilt tailor --changed-since=HEAD"))
    #expect(!FileSystem.exists(example.root.appending("lib/mail/BUILD")))

    let shown = try example.kilt(["tailor", "--check", "--diff", "lib::"])
    #expect(
      shown.text == """
        --- /dev/null
        +++ b/lib/mail/BUILD
        @@ -0,0 +1,5 @@
        +python_sources()
        +
        +python_tests(
        +    name="tests",
        +)
        """)

    let written = try JSONValue(parsing: Array(try example.kilt("tailor", "--format=json", "lib::").text.utf8))
    #expect(written["written"]?.bool == true)
    #expect(written["changes"]?.array?.first?["path"]?.string == "lib/mail/BUILD")
    #expect(try example.kilt("tailor", "--check", "::").text == "")
    #expect(try example.kilt("list", "lib/mail::").text.contains("lib/mail/send.py"))
    // What --diff shows is a patch that git takes.
    try FileSystem.removeFile(example.root.appending("lib/mail/BUILD"))
    try FileSystem.write(text: shown.text + "\n", to: example.scratch.appending("patch"))
    try example.git("apply", example.scratch.appending("patch").string)
    #expect(try example.kilt("tailor", "--check", "::").text == "")
  }

  @Test func dependenciesAreMendedOnce() throws {
    let example = try Example()
    try FileSystem.createDirectories(example.root.appending("a"))
    for (path, text) in [
      "a/one.py": "import a.two\n", "a/two.py": "",
      "a/BUILD": "python_source(name=\"one\", source=\"one.py\", dependencies=[\":two\"])\n"
        + "python_source(name=\"two\", source=\"two.py\")\n",
    ] {
      try FileSystem.write(text: text, to: example.root.appending(path))
    }
    let check = try example.kilt(["tailor", "--fix", "--check", "a::"])
    #expect(check.termination == .exited(1))
    #expect(
      check.text == """
        Would update a/BUILD:
          - Remove ":two" from a:one: inference leads to it
        """)
    try example.kilt("tailor", "--fix", "a:")
    #expect(
      try FileSystem.readText(example.root.appending("a/BUILD"))
        == "python_source(name=\"one\", source=\"one.py\")\npython_source(name=\"two\", source=\"two.py\")\n")
    #expect(try example.kilt("dependencies", "a:one").text == "a:two")
    #expect(try example.kilt("tailor", "--fix", "--check", "a/one.py").text == "")
  }

  @Test func whatIsWrongIsSaidAndNothingIsWritten() throws {
    let example = try Example()
    try expectFailure(
      example, try example.kilt(["tailor"]), code: 2,
      """
      error: no directories are named
        help: run `kilt tailor ::` to look everywhere, or see `kilt tailor --help`
      """)
    try expectFailure(
      example, try example.kilt(["tailor", "libs::"]), code: 2,
      """
      error: file or directory "libs" does not exist
        help: did you mean "lib" or "jobs"?
      """)
    try FileSystem.write(text: "python_sources(\n", to: example.root.appending("lib/BUILD"))
    try FileSystem.createDirectories(example.root.appending("new"))
    try FileSystem.write(text: "", to: example.root.appending("new/a.py"))
    #expect(try example.kilt(["tailor", "::"]).termination == .exited(2))
    #expect(!FileSystem.exists(example.root.appending("new/BUILD")))
  }
}
