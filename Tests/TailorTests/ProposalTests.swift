import BuildFiles
import Diagnostics
import SystemSupport
import Testing
import Workspace

@testable import Tailor

@Suite struct ProposalTests {
  @Test func sourcesTestsAndTestUtilitiesGetTargetsOfTheirOwn() throws {
    let fixture = try TailorFixture([
      "lib/a.py": "", "lib/b.pyi": "", "lib/a_test.py": "", "lib/test_b.py": "", "lib/conftest.py": "",
      "lib/py.typed": "", "lib/notes.txt": "", "lib/run.sh": "", "lib/run_test.sh": "",
    ])
    try fixture.tailor()
    #expect(
      try fixture.read("lib/BUILD") == """
        python_sources()

        shell_sources(
            name="lib0",
        )

        resource(
            name="py_typed",
            source="py.typed",
        )

        python_test_utils(
            name="test_utils",
        )

        python_tests(
            name="tests",
        )

        shunit2_tests(
            name="tests0",
        )

        """)
    #expect(try fixture.proposals().changes.isEmpty)
  }

  @Test func whatIsThereStaysAndTargetsComeBehindIt() throws {
    let fixture = try TailorFixture([
      "lib/a.py": "", "lib/b.py": "", "lib/b_test.py": "",
      "lib/BUILD": "# Ours.\npython_sources(sources=[\"a.py\"])  # one\n\n\n",
    ])
    let proposals = try fixture.tailor()
    #expect(
      try fixture.read("lib/BUILD") == """
        # Ours.
        python_sources(sources=["a.py"])  # one

        # NOTE: Sources restricted from the default for python_sources due to conflict with
        #   - lib/a.py
        #   - lib:lib
        python_sources(
            name="lib0",
            sources=[
                "b.py",
            ],
        )

        python_tests(
            name="tests",
        )

        """)
    #expect(proposals.changes.map(\.isNew) == [false])
  }

  @Test func atTheRootTargetsAreNamedAsPantsNamesThem() throws {
    let fixture = try TailorFixture(["a.py": "", "a_test.py": "", "requirements.txt": "six\n"])
    try fixture.tailor()
    #expect(
      try fixture.read("BUILD") == """
        python_requirements(
            name="reqs0",
        )

        python_sources(
            name="root",
        )

        python_tests(
            name="tests0",
        )

        """)
    #expect(try fixture.proposals().changes.isEmpty)
  }

  @Test func emptyInitFilesThatAreAloneAreNoReason() throws {
    let fixture = try TailorFixture([
      "a/__init__.py": " \n", "b/__init__.py": "import os\n", "c/__init__.py": "", "c/x.py": "",
    ])
    #expect(try fixture.proposals().changes.map(\.path) == ["b/BUILD", "c/BUILD"])
    try fixture.write("kilt.toml", "[python]\ntailor_ignore_empty_init_files = false\n")
    #expect(try fixture.proposals().changes.map(\.path) == ["a/BUILD", "b/BUILD", "c/BUILD"])
  }

  @Test func requirementsFilesThatCanBeReadGetTargets() throws {
    let fixture = try TailorFixture([
      "r/requirements.txt": "six\n", "r/dev-requirements.txt": "pytest\n",
      "p/pyproject.toml": "[project]\nname = \"p\"\nversion = \"1\"\ndependencies = [\"six\"]\n",
      "none/pyproject.toml": "[project]\nname = \"p\"\nversion = \"1\"\n",
      "tool/pyproject.toml": "[tool.black]\nline-length = 100\n",
      "poetry/pyproject.toml": "[tool.poetry]\nname = \"p\"\n[tool.poetry.dependencies]\nsix = \"*\"\n",
      "pipenv/Pipfile.lock": "{\"default\": {\"six\": {\"version\": \"==1.16.0\"}}}\n",
      "broken/Pipfile.lock": "{\n", "wrong/requirements.txt": "six\nno requirement at all\n",
    ])
    let proposals = try fixture.tailor()
    #expect(
      try fixture.read("r/BUILD") == """
        python_requirements(
            name="reqs",
            source="dev-requirements.txt",
        )

        python_requirements(
            name="reqs0",
        )

        """)
    #expect(
      try fixture.read("p/BUILD") == "python_requirements(\n    name=\"reqs\",\n    source=\"pyproject.toml\",\n)\n")
    #expect(try fixture.read("poetry/BUILD") == "poetry_requirements()\n")
    #expect(try fixture.read("pipenv/BUILD") == "pipenv_requirements()\n")
    #expect(proposals.changes.count == 4)
    #expect(
      proposals.warnings.map(\.summary) == [
        "cannot add a target for \"broken/Pipfile.lock\": cannot read it as pipenv_requirements",
        "cannot add a target for \"wrong/requirements.txt\": cannot read it as python_requirements",
      ])
    #expect(try fixture.proposals().changes.isEmpty)
  }

  @Test func programsGetBinariesWhereThatIsAskedFor() throws {
    let fixture = try TailorFixture(
      [
        "app/app.py": "import sys\nif __name__ == '__main__':  # start\n  pass\n", "app/__main__.py": "",
        "app/lib.py": "  if __name__ == \"__main__\":\n", "app/old.py": "if __name__ == \"__main__\":\n",
        "bin/BUILD": "pex_binary(entry_point=\"app.old:main\")\n",
      ], configuration: "[python]\ntailor_pex_binary_targets = true\n")
    try fixture.tailor()
    #expect(
      try fixture.read("app/BUILD") == """
        pex_binary(
            name="__main__",
            entry_point="__main__.py",
        )

        pex_binary(
            entry_point="app.py",
        )

        python_sources(
            name="app0",
        )

        """)
    #expect(try fixture.proposals().changes.isEmpty)
  }

  @Test func optionsSayWhatIsWrittenAndHow() throws {
    let fixture = try TailorFixture(
      ["lib/a.py": "", "lib/a_test.py": "", "old/a.py": "", "lib/py.typed": "", "lib/BUILD.other/x": ""],
      configuration: """
        [tailor]
        build_file_name = "BUILD.other"
        build_file_header = "# Copyright Acme"
        build_file_indent = "  "
        ignore_paths = ["old/**"]
        ignore_adding_targets = ["lib:py_typed"]
        alias_mapping = {python_tests = "acme_tests"}
        [workspace]
        prelude_globs = ["macros.star"]
        """)
    try fixture.write("macros.star", "def acme_tests(**kwargs):\n  python_tests(**kwargs)\n")
    try fixture.tailor()
    #expect(
      try fixture.read("lib/BUILD.other.kilt") == """
        # Copyright Acme

        python_sources()

        acme_tests(
          name="tests",
        )

        """)
    #expect(!FileSystem.exists(fixture.root.appending("old/BUILD.other")))
  }

  @Test func aCallThatCanNotBeEvaluatedIsNotWritten() throws {
    let fixture = try TailorFixture(
      ["lib/a.py": ""], configuration: "[tailor]\nalias_mapping = {python_sources = \"acme_sources\"}\n")
    #expect(message { _ = try fixture.proposals() }.contains("acme_sources"))
    #expect(!FileSystem.exists(fixture.root.appending("lib/BUILD")))
  }

  @Test func aNameOfBuildFilesThatWouldNotBeFoundIsAnError() throws {
    let fixture = try TailorFixture([:], configuration: "[tailor]\nbuild_file_name = \"TARGETS\"\n")
    #expect(
      message { _ = try fixture.proposals() } == """
        error: Kilt would not find BUILD files named "TARGETS"
          --> kilt.toml:2:1
           |
         2 | build_file_name = "TARGETS"
           | ^^^^^^^^^^^^^^^
          note: names of BUILD files: "BUILD", "BUILD.*"
          help: set build_file_name under [tailor] to one of these names

        """)
  }

  @Test func withoutANameTheFirstOfThePatternsIsTaken() throws {
    let fixture = try TailorFixture(
      ["lib/a.py": ""], configuration: "[workspace]\nbuild_patterns = [\"*.build\", \"TARGETS\"]\n")
    #expect(try fixture.tailor().changes.map(\.path) == ["lib/TARGETS"])
    #expect(try fixture.proposals().changes.isEmpty)
  }

  @Test func lineEndsAreThoseOfTheFile() throws {
    let fixture = try TailorFixture([
      "lib/a.py": "", "lib/BUILD": "files(\r\n  name=\"f\", sources=[\"*.txt\"])\r\n", "lib/x.txt": "",
    ])
    try fixture.tailor()
    #expect(
      try fixture.read("lib/BUILD") == "files(\r\n  name=\"f\", sources=[\"*.txt\"])\r\n\r\npython_sources()\r\n")
  }

  @Test func aFileThatWasChangedMeanwhileIsLeft() throws {
    let fixture = try TailorFixture(["lib/a.py": "", "lib/BUILD": "target(name=\"t\")\n", "new/a.py": ""])
    let proposals = try fixture.proposals()
    try fixture.write("lib/BUILD", "target(name=\"u\")\n")
    try fixture.write("new/BUILD", "target(name=\"u\")\n")
    for change in proposals.changes {
      #expect(message { try change.write(in: fixture.root) }.contains("was changed by somebody else meanwhile"))
    }
    #expect(try fixture.read("lib/BUILD") == "target(name=\"u\")\n")
  }

  @Test func linksAndPermissionsStay() throws {
    let fixture = try TailorFixture(["lib/a.py": "", "real/BUILD.txt": "target(name=\"t\")\n", "out/a.py": ""])
    try FileSystem.setPermissions(0o640, of: fixture.root.appending("real/BUILD.txt"))
    try FileSystem.createSymbolicLink(at: fixture.root.appending("lib/BUILD"), to: "../real/BUILD.txt")
    let outside = try FileSystem.makeTemporaryDirectory(prefix: "kilt-tailor-outside")
    defer { do { try FileSystem.removeTree(outside) } catch { Issue.record("\(error)") } }
    try FileSystem.write(text: "target(name=\"t\")\n", to: outside.appending("BUILD"))
    try FileSystem.createSymbolicLink(at: fixture.root.appending("out/BUILD"), to: outside.appending("BUILD"))
    let changes = try fixture.proposals().changes
    let inside = try #require(changes.first { $0.path == "lib/BUILD" })
    try inside.write(in: fixture.root)
    #expect(try fixture.read("real/BUILD.txt") == "target(name=\"t\")\n\npython_sources()\n")
    #expect(try FileSystem.status(of: fixture.root.appending("real/BUILD.txt")).permissions == 0o640)
    let other = try #require(changes.first { $0.path == "out/BUILD" })
    #expect(message { try other.write(in: fixture.root) }.contains("outside of the workspace"))
  }
}
