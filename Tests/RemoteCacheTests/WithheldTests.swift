import Actions
import ContentStore
import Digests
import Glibc
import SystemSupport
import Testing

@testable import RemoteCache

/// The results of build steps that never leave the machine, one test for each entry of the list in docs/cache.md.
@Suite struct WithheldTests {
  private static let isolation = Isolation.detect()
  /// Where bubblewrap works, as it has to on CI servers.
  private static let hasSandbox = { if case .bubblewrap = isolation { true } else { false } }()

  private func action(_ command: String) throws -> Action {
    var action = Action(name: "lib:step", arguments: ["sh", "-c", command])
    action.tools = try ["sh", "env", "sleep"].map { try ActionTool.find($0, for: "a test") }
    action.outputFiles = ["out"]
    return action
  }

  /// Runs an action on a machine that writes. Returns what it left and how many entries the cache has then.
  private func run(
    _ action: Action, in team: Team, isolation: Isolation = Self.isolation
  ) throws -> (outcome: ActionOutcome, machine: Machine, entries: Int) {
    let machine = try team.machine("ci", .write) { $0.localPaths = ["/home/someone/workspace"] }
    let outcome = try ActionRunner(store: machine.store, isolation: isolation).run(action)
    machine.cache.finish()
    #expect(machine.notes == [])
    return (outcome, machine, try team.objects("entries/").count)
  }

  @Test("A result that was built in a sandbox is uploaded, and another machine takes it", .enabled(if: hasSandbox))
  func uploaded() throws {
    let team = try Team()
    let (first, _, entries) = try run(action("echo made > out; echo said"), in: team)
    #expect(entries == 1 && !first.wasCached)
    let laptop = try team.machine("laptop", .read)
    let runner = ActionRunner(store: laptop.store, isolation: Self.isolation)
    let second = try runner.run(action("echo made > out; echo said"))
    #expect(second.wasCached && second.outputs == first.outputs && second.result == first.result)
    #expect(laptop.cache.statistics.kinds["build steps"]?.hits == 1)
  }

  @Test("A result that was built without a sandbox is not uploaded: it can depend on undeclared variables and files")
  func undeclaredEnvironment() throws {
    let team = try Team()
    let (_, machine, entries) = try run(action("env > out"), in: team, isolation: .none(reason: "a test"))
    #expect(entries == 0 && machine.cache.withheld == [.noSandbox: 1])
  }

  @Test("In a sandbox no undeclared variable is seen, and a declared one is in the key", .enabled(if: hasSandbox))
  func declaredEnvironment() async {
    // setenv(3) while another test reads the environment is undefined: this test has its own OS process.
    await #expect(processExitsWith: .success) {
      setenv("KILT_REMOTE_TEST_UNDECLARED", "leak", 1)
      try WithheldTests().buildWithDeclaredVariable()
    }
  }

  private func buildWithDeclaredVariable() throws {
    let team = try Team()
    var step = try action("env > out")
    step.environment["DECLARED"] = "one"
    let (outcome, machine, entries) = try run(step, in: team)
    guard case .file(let content, _)? = outcome.outputs["out"] else {
      Issue.record("no output")
      return
    }
    let text = try FileSystem.readText(machine.store.path(of: content.digest))
    #expect(entries == 1 && text.contains("DECLARED=one") && !text.contains("leak"))
    var other = step
    other.environment["DECLARED"] = "two"
    #expect(try other.keyInputs.digest != step.keyInputs.digest)
  }

  @Test("A result of a step with access to the network is not uploaded") func network() throws {
    let team = try Team()
    var step = try action("echo fetched > out")
    step.usesNetwork = true
    let (_, machine, entries) = try run(step, in: team)
    #expect(entries == 0 && machine.cache.withheld.values.reduce(0, +) == 1)
  }

  @Test(
    "A result that names a directory of this machine is not uploaded", .enabled(if: hasSandbox),
    arguments: [
      "echo prefix=/home/someone/workspace/lib > out", "echo made > out; echo in /home/someone/workspace >&2",
    ])
  func absolutePaths(command: String) throws {
    let team = try Team()
    let (_, machine, entries) = try run(action(command), in: team)
    #expect(entries == 0 && machine.cache.withheld == [.localPath: 1])
  }

  @Test("A result that is good for one session is not uploaded: it depends on time", .enabled(if: hasSandbox))
  func time() throws {
    let team = try Team()
    var step = try action("echo now > out")
    step.isCached = false
    #expect(try run(step, in: team).entries == 0)
  }

  @Test("A result whose inputs changed meanwhile is not uploaded", .enabled(if: hasSandbox)) func changedInput() throws
  {
    let team = try Team()
    let input = team.folder.appending("input")
    try FileSystem.write(text: "one", to: input)
    var step = try action("echo made > out")
    try step.inputs.add(file: input, at: "in")
    try FileSystem.write(text: "other", to: input)
    #expect(throws: ActionError.self) { try run(step, in: team) }
    #expect(try team.objects() == [])
  }

  @Test("A step that fails is not uploaded", .enabled(if: hasSandbox)) func failure() throws {
    let team = try Team()
    #expect(throws: ActionError.self) { try run(action("echo made > out; false"), in: team) }
    #expect(try team.objects() == [])
  }
}
