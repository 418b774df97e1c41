import Actions
import ContentStore
import Digests
import SystemSupport
import Testing

@Suite("Keys of actions")
struct ActionKeyTests {
  private func action() throws -> Action {
    var action = Action(name: "a:b", arguments: ["tool", "x"])
    action.environment = ["A": "1"]
    action.tools = [ActionTool(name: "tool", path: "/bin/tool", digest: .of("tool"))]
    try action.inputs.add(.file(.of([1]), isExecutable: false), at: "in")
    action.outputFiles = ["out"]
    return action
  }

  @Test("Every input of a result is in the key, and the key names each changed input")
  func parts() throws {
    let base = try action()
    let changes: [(String, (inout Action) throws -> Void)] = [
      ("argument", { $0.arguments[1] = "y" }), ("environment", { $0.environment["A"] = "2" }),
      ("working directory", { $0.workingDirectory = "sub" }), ("platform", { $0.platform = "other" }),
      ("tool", { $0.tools[0].digest = .of("other") }), ("output file", { $0.outputFiles = ["other"] }),
      ("input", { try $0.inputs.add(.link("in"), at: "more") }), ("output folder", { $0.outputFolders = ["d"] }),
      ("output match", { $0.outputMatch = .allowEmpty }), ("network", { $0.usesNetwork = true }),
      ("search folder", { $0.searchFolders = ["bin"] }),
    ]
    for (kind, change) in changes {
      var other = base
      try change(&other)
      #expect(try other.keyInputs.digest != base.keyInputs.digest, "\(kind)")
      #expect(try other.keyInputs.changes(since: base.keyInputs).map(\.input?.kind) == [kind])
    }
  }

  @Test("A fact that a result does not depend on is not in the key")
  func others() throws {
    let base = try action()
    var other = base
    other.name = "another"
    other.timeoutSeconds = 5
    other.tools[0].path = "/usr/bin/tool"
    other.sharedFolders = ["CACHE": "/tmp/cache"]
    #expect(try other.keyInputs.digest == base.keyInputs.digest)
  }
}
