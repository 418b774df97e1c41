internal import Actions
internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import PythonCommands
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt test`.
struct BuildTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Run tests with pytest, each file once for each state of what it depends on.",
    usage: "kilt test [<options>] <spec> ... [-- <pytest-argument> ...]",
    discussion: """
      Each test file is run by itself, in a tree that holds only what it depends on; a file that passed is not run \
      again until one of its inputs changes. pytest comes from the lockfile, or else is Kilt's own.

      EXAMPLES
        kilt test ::
        kilt test lib/auth/tokens_test.py -- -k expires -vv
        kilt test --changed-since=main         what that affects, however far
        kilt test :: --use-coverage --report dist/reports
        kilt test lib/auth:tests --debug -- --pdb

      EXIT CODES
        0 all passed; 1 a test failed; 2 wrong usage or input;
        3 the machine lacks something
      """)

  enum ShownOutput: String, ExpressibleByArgument, CaseIterable { case failed, all, never }
  enum KeptSandboxes: String, ExpressibleByArgument, CaseIterable { case never, failed, always }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption

  @Option(name: .customLong("output"), help: "Whose output is shown.")
  var shown = ShownOutput.failed

  @Option(help: ArgumentHelp("Files to run at a time; by default as many as there are processors.", valueName: "n"))
  var jobs: Int?

  @Flag(help: "Run what is known to pass as well.")
  var force = false

  @Flag(help: "Run in one process with this terminal, for debuggers; without time limits.")
  var debug = false

  @Option(help: ArgumentHelp("Run part k of N, counted from 0: each file is in one part.", valueName: "k/N"))
  var shard: Shard?

  @Option(help: ArgumentHelp("Write one JUnit XML file for each test file into this folder.", valueName: "folder"))
  var report: String?

  @Flag(help: "Measure coverage and write reports to dist/coverage/python.")
  var useCoverage = false

  @Option(
    help: ArgumentHelp(
      "Which: console, xml, json, html, lcov, raw; several with commas. Default: console.", valueName: "kinds"))
  var coverageReport: CoverageKinds?

  @Option(help: ArgumentHelp("Fail below this share, in per cent.", valueName: "percent"))
  var coverageFailUnder: Double?

  @Flag(inversion: .prefixedNo, help: "Hold test files to their time limits.")
  var timeouts = true

  @Option(help: ArgumentHelp("The limit of files whose target has no timeout.", valueName: "seconds"))
  var timeoutDefault: Int?

  @Option(help: ArgumentHelp("No file gets more.", valueName: "seconds"))
  var timeoutMaximum: Int?

  @Option(help: ArgumentHelp("Try a file so often until it passes.", valueName: "n"))
  var attemptsDefault: Int?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A variable for all tests: NAME=value, or NAME or NAME* as kilt has it; several times.", valueName: "variable"))
  var extraEnvVars: [String] = []

  @Option(help: "Leave the trees of test files to be looked at.")
  var keepSandboxes = KeptSandboxes.never

  func validate() throws {
    for (name, value) in [
      ("jobs", jobs), ("timeout-default", timeoutDefault), ("timeout-maximum", timeoutMaximum),
      ("attempts-default", attemptsDefault),
    ] {
      if let value, value < 1 { throw ValidationError("--\(name) must be at least 1") }
    }
    if debug, output.format == .json { throw ValidationError("--debug and --format=json exclude each other") }
  }

  func run() throws {
    let session = try TestSession(self)
    if debug { return try session.debug() }
    try session.run()
  }

  /// The command with what the workspace's configuration says of coverage, where the command line says nothing.
  func settled(_ testing: WorkspaceConfiguration.Testing) -> BuildTest {
    var command = self
    command.useCoverage = useCoverage || testing.usesCoverage
    command.coverageReport =
      coverageReport ?? CoverageKinds(argument: testing.coverageReports.joined(separator: ","))
      ?? CoverageKinds(kinds: [.console])
    command.coverageFailUnder = coverageFailUnder ?? testing.coverageFailUnder
    return command
  }

  /// Which sandboxes of build steps stay.
  var keptSteps: Actions.KeptSandboxes {
    switch keepSandboxes {
    case .never: .never
    case .failed: .onFailure
    case .always: .always
    }
  }

  /// The arguments for pytest: what stands behind `--`.
  var pytest: [String] { targets.split.passedOn }

  /// The options of the run: the command line before the workspace's configuration.
  func options(_ configured: WorkspaceConfiguration) -> TestOptions {
    var options = TestOptions(configured)
    options.arguments += pytest
    options.jobs = jobs ?? availableProcessors()
    options.force = force
    options.usesCoverage = useCoverage
    options.hasTimeouts = timeouts && options.hasTimeouts
    options.timeoutDefault = timeoutDefault ?? options.timeoutDefault
    options.timeoutMaximum = timeoutMaximum ?? options.timeoutMaximum
    options.attempts = attemptsDefault ?? options.attempts
    options.environment += extraEnvVars
    options.usesColor = Terminal.standardError.usesColor
    options.keepsTrees = TestOptions.KeptTrees(rawValue: keepSandboxes.rawValue) ?? .never
    return options
  }
}

extension TestOptions {
  /// What a workspace's configuration says.
  init(_ configuration: WorkspaceConfiguration) {
    self.init()
    let configured = configuration.testing
    let lockfile = configured.pytestResolve.flatMap { configuration.lockfile(ofResolve: $0) }
    arguments = configured.pytestArguments
    plugins = TestPlugins(names: configured.pytestPlugins, areRequired: configured.requiresPlugins, lockfile: lockfile)
    hasTimeouts = configured.hasTimeouts
    timeoutDefault = configured.timeoutDefault
    timeoutMaximum = configured.timeoutMaximum
    attempts = configured.attempts ?? 1
    environment = configured.extraEnvironment
  }
}

/// `k/N`.
struct Shard: ExpressibleByArgument {
  var index: UInt32
  var count: UInt32

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = UInt32(parts[0]), let count = UInt32(parts[1]), index < count else {
      return nil
    }
    self.index = index
    self.count = count
  }

  /// Whether a name belongs to the part: the same on every machine, and whatever other names there are.
  func contains(_ name: String) -> Bool {
    let digest = SHA256Digest.of(name).bytes
    let number = digest[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return number % count == index
  }
}

/// `console,xml`.
struct CoverageKinds: ExpressibleByArgument {
  var kinds: [CoverageReport.Kind]

  init(kinds: [CoverageReport.Kind]) { self.kinds = kinds }

  init?(argument: String) {
    let words = argument.split(separator: ",").map(String.init)
    kinds = words.compactMap { CoverageReport.Kind(rawValue: $0) }
    if kinds.count != words.count || kinds.isEmpty { return nil }
  }

  var defaultValueDescription: String { kinds.map(\.rawValue).joined(separator: ",") }
}
