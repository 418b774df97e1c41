import SystemSupport
import Testing
import Workspace

@testable import KiltCommands

@Suite struct InitTests {
  @Test(arguments: ["acme", "a \"quoted\" \\ name", "tab\tbed", "größe"])
  func whatInitWritesIsAWorkspace(name: String) throws {
    let configuration = try WorkspaceConfiguration(kiltFile: "kilt.toml", text: WorkspaceInit.text(name: name))
    #expect(configuration.name == name.split(separator: "\t").joined(separator: "_"))
    #expect(configuration.defaultResolve == "default")
    #expect(configuration.repositoryURL == "file:.kilt/repository")
    #expect(configuration.clusters.map(\.name) == ["devcluster"])
    #expect(configuration.mainBranch == "main")
  }

  @Test func aWorkspaceIsNotMadeTwice() throws {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "init")
    defer {
      do { try FileSystem.removeTree(folder) } catch { Issue.record("\(folder) stays: \(error)") }
    }
    #expect(Invocation.run(["init", "--quiet", "-C", folder.string]) == 0)
    let before = try FileSystem.status(of: folder.appending("kilt.toml"))
    #expect(Invocation.run(["init", "--quiet", "-C", folder.string]) == 2)
    #expect(try FileSystem.status(of: folder.appending("kilt.toml")) == before)
  }
}
