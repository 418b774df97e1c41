import BuildFiles
import Diagnostics
import Starlark
import TargetGraph
import Testing
import Workspace

@Suite struct PluginTypeTests {
  @Test func typesOfPluginsAreToldOfOnce() throws {
    let text = "pack(name='a')\npack(name='b')\nspec(name='c', dependencies=[':a'])\ngo_mod(name='d')\n"
    var options = BuildFileEvaluator.Options()
    options.pluginNames = ["pack", "spec", "uses"]
    let package = try BuildFileEvaluator(options: options).evaluate(
      directory: "x", files: [SourceFile(name: "x/BUILD", bytes: Array(text.utf8))])
    let sources = GraphFixture(["x/BUILD": text])
    let graph = try TargetGraph(
      files: FileTable(paths: ["x/BUILD"]), configuration: WorkspaceConfiguration(),
      sourceRoots: SourceRoots(patterns: ["/"]), packages: [package], sources: sources)
    let warning = try #require(graph.pluginTypes())
    #expect(
      DiagnosticRenderer(color: false).render(warning, as: .warning) == """
        warning: 3 targets have types of Pants plugins; Kilt uses only their dependencies
          note: 2 pack, as at x/BUILD:1
          note: 1 spec, as at x/BUILD:3

        """)
    let resolver = DependencyResolver(graph: graph, sources: sources)
    #expect(try resolver.dependencies("x:c") == ["x:a"])
    #expect(try GraphFixture(["x/BUILD": "go_mod(name='d')\n"]).graph().pluginTypes() == nil)
  }
}
