internal import ArgumentParser
internal import ContentStore
internal import Diagnostics
internal import PythonCommands
internal import PythonEnvironments
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt repl`.
struct BuildRepl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl", abstract: "Start a Python shell that can import the code of the workspace.",
    usage: "kilt repl [<options>] [<spec> ...] [-- <argument> ...]",
    discussion: """
      The shell can also import the packages that the targets depend on. Without targets, it can import all packages \
      of the default resolve.

      EXAMPLES
        kilt repl lib/auth
        kilt repl services:: --shell=ipython
        kilt repl lib/auth -- -c 'from lib.auth import issue; print(issue("a", "b"))'
      """)

  enum Shell: String, ExpressibleByArgument, CaseIterable { case python, ipython }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions

  @Option(help: "Shell to start. The lockfile must contain ipython to use it.")
  var shell = Shell.python

  func run() throws {
    let (targets, arguments) = targets.split
    let session = try WorkspaceSession(global)
    let store = try session.contentStore()
    let environments = ClosureEnvironments(session.workspace, store: store, note: global.note)
    let further = shell == .ipython ? ["ipython"] : []
    let environment: ProgramEnvironment
    if targets.specs.isEmpty, !targets.selectsChanges {
      let configuration = session.workspace.configuration
      environment = try ProgramEnvironment(
        ofResolve: configuration.lockfile(ofResolve: configuration.defaultResolve), further: further,
        resolver: session.resolver, workspace: session.workspace, environments: environments)
    } else {
      let selected = session.resolver.expandingGenerators(try session.select(targets, verb: "repl"))
      guard !selected.isEmpty else { throw Diagnostic(.input, "no targets are selected") }
      environment = try ProgramEnvironment(
        of: selected, further: further, resolver: session.resolver, workspace: session.workspace,
        environments: environments, builder: try session.targetBuilder(store: store))
    }
    try session.reportWarnings()
    let start = shell == .ipython ? ProgramEnvironment.arguments(running: "IPython") : []
    store.keepAcrossExecution()
    try replaceProcess(
      with: environment.python.python, start + arguments, environment: environment.variables(environmentStrings()))
  }
}
