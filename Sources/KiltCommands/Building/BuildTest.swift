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
    commandName: "test", abstract: "Run tests with pytest. Skip files that passed with the same inputs.",
    usage: "kilt test [<options>] <spec> ... [-- <pytest-argument> ...]",
    discussion: """
      Each test file runs separately, in a sandbox that contains only its dependencies. A file that passed runs again \
      only after one of its inputs changes. pytest comes from the lockfile, otherwise from Kilt.

      EXAMPLES
        kilt test ::
        kilt test lib/auth/tokens_test.py -- -k expires -vv
        kilt test --changed-since=main   everything affected since main
        kilt test :: --use-coverage --report dist/reports
        kilt test lib/auth:tests --debug -- --pdb

      EXIT CODES
        0  all tests passed
        1  a test failed
        2  invalid usage or input
        3  the environment lacks something
      """)

  enum ShownOutput: String, ExpressibleByArgument, CaseIterable { case failed, all, never }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption

  @Option(name: .customLong("output"), help: "Test files whose output is shown.")
  var shown = ShownOutput.failed

  @Option(help: .jobs)
  var jobs: Int?

  @Flag(help: "Run all selected tests, even those with a cached pass.")
  var force = false

  @Flag(help: "Run in one process with this terminal, for debuggers. Disables timeouts.")
  var debug = false

  @Option(
    help: ArgumentHelp("Run part k of N parts, counted from 0. Each file is in exactly one part.", valueName: "k/N"))
  var shard: Shard?

  @Option(help: ArgumentHelp("Write one JUnit XML file per test file to this directory.", valueName: "dir"))
  var report: String?

  @Flag(help: "Measure coverage and write reports to dist/coverage/python.")
  var useCoverage = false

  @Option(
    help: ArgumentHelp(
      "Report types, comma-separated: console, xml, json, html, lcov, raw. Default: console.", valueName: "kinds"))
  var coverageReport: CoverageKinds?

  @Option(help: ArgumentHelp("Fail if the coverage is below this percentage.", valueName: "percent"))
  var coverageFailUnder: Double?

  @Flag(inversion: .prefixedNo, help: "Apply the timeouts of test files.")
  var timeouts = true

  @Option(help: ArgumentHelp("Timeout of test files whose target has none, in seconds.", valueName: "seconds"))
  var timeoutDefault: Int?

  @Option(help: ArgumentHelp("Maximum timeout of any test file, in seconds.", valueName: "seconds"))
  var timeoutMaximum: Int?

  @Option(help: ArgumentHelp("Run a failing file up to N times.", valueName: "n"))
  var attemptsDefault: Int?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Environment variable for tests: NAME=VALUE, or NAME or NAME* to copy it from your environment. Repeatable.",
      valueName: "variable"))
  var extraEnvVars: [String] = []

  @Flag(help: .strict)
  var strict = false

  @Option(help: .keepSandboxes)
  var keepSandboxes = SandboxRetention.never

  func validate() throws {
    for (name, value) in [
      ("jobs", jobs), ("timeout-default", timeoutDefault), ("timeout-maximum", timeoutMaximum),
      ("attempts-default", attemptsDefault),
    ] {
      if let value, value < 1 { throw ValidationError("--\(name) must be at least 1") }
    }
    if debug, output.format == .json { throw ValidationError("--debug and --format=json cannot be combined") }
  }

  func run() throws {
    let session = try TestSession(self)
    if debug { return try session.debug() }
    try session.run()
  }

  /// The command with the workspace configuration's coverage settings, unless the command line sets them.
  func settled(_ testing: WorkspaceConfiguration.Testing) -> BuildTest {
    var command = self
    command.useCoverage = useCoverage || testing.usesCoverage
    command.coverageReport =
      coverageReport ?? CoverageKinds(argument: testing.coverageReports.joined(separator: ","))
      ?? CoverageKinds(kinds: [.console])
    command.coverageFailUnder = coverageFailUnder ?? testing.coverageFailUnder
    return command
  }

  /// The arguments for pytest, after `--`.
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
    options.keptSandboxes = keepSandboxes
    return options
  }
}

extension TestOptions {
  /// A workspace's configured settings.
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

  /// Whether a name belongs to the shard: the same on every machine, independent of other names.
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
