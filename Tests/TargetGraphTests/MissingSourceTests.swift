import Diagnostics
import TargetGraph
import Testing
import Workspace

/// Files that `sources` names and that are not there.
@Suite struct MissingSourceTests {
  private static let files = ["d/BUILD": "files(name=\"f\", sources=[\"made_first\", \"a.txt\"])\n", "d/a.txt": ""]

  @Test func areAnErrorInAWorkspaceOfKilt() {
    let text = message { _ = try GraphFixture(Self.files).resolver() }
    #expect(text.contains("names the file \"made_first\", which is not there"))
  }

  @Test func areWarnedOfInAWorkspaceOfPantsAsPantsDoes() throws {
    var configuration = WorkspaceConfiguration()
    configuration.path = "pants.toml"
    let resolver = try GraphFixture(Self.files, configuration: configuration).resolver()
    #expect(resolver.names(resolver.graph.allTargets) == ["d/a.txt:f", "d:f"])
    #expect(
      try resolver.warnings().map(\.summary) == ["the target \"d:f\" names the file \"made_first\", which is not there"]
    )
  }
}
