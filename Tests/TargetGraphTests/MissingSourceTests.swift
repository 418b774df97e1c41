import Diagnostics
import TargetGraph
import Testing
import Workspace

/// Files that `sources` names and that are not there.
@Suite struct MissingSourceTests {
  private static let files = ["d/BUILD": "files(name=\"f\", sources=[\"made_first\", \"a.txt\"])\n", "d/a.txt": ""]

  @Test func areAnErrorInAWorkspaceOfKilt() {
    let text = message { _ = try GraphFixture(Self.files).resolver() }
    #expect(text.contains("names the file \"made_first\", which does not exist"))
  }

  @Test func eachGlobThatMatchesNothingIsAnErrorWhereThatIsAskedFor() throws {
    var configuration = WorkspaceConfiguration()
    configuration.unmatchedFiles = .error
    let files = ["d/BUILD": "files(name=\"f\", sources=[\"*.txt\", \"*.json\"])\n", "d/a.txt": ""]
    let text = message { _ = try GraphFixture(files, configuration: configuration).resolver() }
    #expect(text.contains("\"*.json\" in the sources of \"d:f\" does not match any file"))
    configuration.unmatchedFiles = .ignore
    let resolver = try GraphFixture(Self.files, configuration: configuration).resolver()
    #expect(resolver.names(resolver.graph.allTargets) == ["d/a.txt:f", "d:f"])
    #expect(try resolver.warnings().isEmpty)
  }

  @Test func filesThatAreNoPythonAreNoSources() {
    func text(_ build: String) -> String {
      let files = ["d/BUILD": build, "d/a.txt": "", "d/conftest.py": "", "d/script": "", "d/m.py": ""]
      return message { _ = try GraphFixture(files).resolver() }
    }
    let wrong = text("python_sources(sources=[\"*\", \"!BUILD\"])\n")
    #expect(wrong.contains("\"d:d\" has \"a.txt\" among its sources, which is not a Python file"), "\(wrong)")
    #expect(!wrong.contains("script") && !wrong.contains("m.py"))
    #expect(text("python_source(name=\"x\", source=\"a.txt\")\n").contains("\"a.txt\" among its source,"))
    #expect(text("python_tests(sources=[\"*.py\"])\n").contains("has \"conftest.py\" among its tests"))
    #expect(text("python_test_utils()\n") == "no error")
  }

  @Test func areWarnedOfInAWorkspaceOfPantsAsPantsDoes() throws {
    var configuration = WorkspaceConfiguration()
    configuration.unmatchedFiles = .warn
    let resolver = try GraphFixture(Self.files, configuration: configuration).resolver()
    #expect(resolver.names(resolver.graph.allTargets) == ["d/a.txt:f", "d:f"])
    #expect(
      try resolver.warnings().map(\.summary) == [
        "the target \"d:f\" names the file \"made_first\", which does not exist"
      ]
    )
  }
}
