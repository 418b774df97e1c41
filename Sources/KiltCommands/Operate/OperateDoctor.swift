internal import ArgumentParser
internal import Artifacts
internal import Bundles
internal import ContentStore
internal import Diagnostics
internal import Glibc
internal import HostChecks
internal import JSON
internal import PythonPackaging
internal import SystemSupport
internal import Workspace

/// `kilt doctor`.
struct OperateDoctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check this machine, and print a remedy for each problem.",
    discussion: """
      Checks tools, interpreters, caches, sandboxes, control groups, disks, limits, clock, ports, permissions and the \
      artifact repository. In a workspace, kilt.toml gives the repository, the state directory of the scheduler, and \
      the Python versions. Changes nothing.

      EXAMPLES
        kilt doctor
        kilt doctor --state-directory /var/lib/kilt --repository s3://builds/kilt
        kilt doctor --format json

      EXIT CODES
        0  no problem was found
        3  at least one problem was found
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: .stateDirectory)
  var stateDirectory: String?

  @Option(help: .repository)
  var repository: String?

  @Option(help: ArgumentHelp("Ports for tasks.", valueName: "first-last"))
  var portRange = "31000-32000"

  func run() throws {
    let (workspace, configuration) = try currentWorkspace()
    let bounds = portRange.split(separator: "-").compactMap { Int($0) }
    guard bounds.count == 2, bounds[0] <= bounds[1], bounds[0] > 0, bounds[1] < 65536 else {
      throw Diagnostic(
        .input, "invalid --port-range \"\(portRange)\"",
        remedies: ["write two ports, such as `--port-range 31000-32000`"])
    }
    let groups = [
      ("build", [configuration].compactMap { $0 } + (try buildFindings(workspace))),
      ("tasks", try taskFindings(ports: bounds[0]...bounds[1])),
      ("scheduler", try schedulerFindings(workspace)),
      ("artifacts", try artifactFindings(workspace)),
    ]
    switch output.format {
    case .text: print(groups)
    case .json:
      let value = JSONValue.array(
        groups.flatMap { group, findings in findings.map { $0.json(group: group) } })
      writeText(value.text(.pretty) + "\n", to: 1)
    }
    if groups.contains(where: { $0.1.contains { $0.verdict == .problem } }) { throw ExitCode(3) }
  }

  /// The workspace here, if any, and a finding where its configuration cannot be read.
  private func currentWorkspace() throws -> (Workspace?, Finding?) {
    var directory = try global.workingDirectory
    do {
      let workspace = try Workspace.find(from: directory)
      return (workspace, Finding("workspace", .good, "\"\(workspace.root)\""))
    } catch let error as any DiagnosableError {
      // Without a configuration file here or above, this is not a workspace, and only the machine is checked.
      while !["kilt.toml", "pants.toml"].contains(where: { FileSystem.exists(directory.appending($0)) }) {
        let parent = directory.removingLastComponent()
        if parent == directory || parent.isEmpty { return (nil, nil) }
        directory = parent
      }
      let diagnostic = error.diagnostic
      let place = diagnostic.location.map { " (\($0.path):\($0.line))" } ?? ""
      return (
        nil,
        Finding(
          "workspace", .problem, diagnostic.summary + place,
          remedies: diagnostic.remedies.isEmpty ? ["correct the configuration file"] : diagnostic.remedies)
      )
    }
  }

  private func buildFindings(_ workspace: Workspace?) throws -> [Finding] {
    var findings = [
      ToolChecks.git(), ToolChecks.interpreters(workspace), ToolChecks.uv(),
    ]
    let cache = try ContentStore.defaultRoot()
    findings.append(try StorageChecks.trust("cache", cache, variable: "KILT_CACHE_DIR"))
    findings.append(try StorageChecks.space("cache space", cache, needed: 2 << 30))
    return findings
  }

  private func taskFindings(ports: ClosedRange<Int>) throws -> [Finding] {
    let host = HostFiles()
    let isRoot = geteuid() == 0
    return [
      try SandboxChecks.namespaces(host, isRoot: isRoot), SandboxChecks.bubblewrap(),
      SandboxChecks.abstractSockets(),
      try ControlGroupCheck.run(host), try StorageChecks.diskLimit(host, isRoot: isRoot),
      try LimitChecks.ports(host, range: ports), try LimitChecks.portGuard(host, isRoot: isRoot),
      try LimitChecks.commandLines(host),
    ]
  }

  private func schedulerFindings(_ workspace: Workspace?) throws -> [Finding] {
    var findings = [LimitChecks.openFiles(), LimitChecks.clock()]
    let directory =
      stateDirectory.map { FilePath($0) } ?? workspace?.stateDirectory.path.appending("scheduler")
    guard let directory else { return findings }
    // Users of tasks go through it to their working directories.
    findings.append(try StorageChecks.privacy("state directory", directory, isPassable: true))
    findings.append(try StorageChecks.space("state space", directory, needed: 1 << 30))
    for (subject, name) in Self.privateFiles where FileSystem.exists(directory.appending(name)) {
      findings.append(try StorageChecks.privacy(subject, directory.appending(name)))
    }
    if let file = environmentVariable("KILT_TOKEN_FILE"), !file.isEmpty {
      findings.append(try StorageChecks.privacy("KILT_TOKEN_FILE", FilePath(file)))
    }
    return findings
  }

  /// Parts of the state directory that only the scheduler's user can use.
  private static let privateFiles = [
    ("database", "scheduler.sqlite"), ("tokens", "tokens.json"), ("socket", "socket"), ("audit trail", "audit.log"),
    ("TLS key", "tls/key.pem"), ("backups", "backups"),
  ]

  private func artifactFindings(_ workspace: Workspace?) throws -> [Finding] {
    var findings: [Finding] = []
    do throws(ArtifactError) {
      let cache = try BundleCache.standard()
      findings.append(Finding("runner cache", .good, "only this user and root can change \"\(cache.root)\""))
    } catch {
      let diagnostic = error.diagnostic
      findings.append(
        Finding("runner cache", .problem, diagnostic.notes.first ?? diagnostic.summary, remedies: diagnostic.remedies))
    }
    if let store = BundleUnpacker.standardRoot {
      findings.append(try StorageChecks.trust("unpacked bundles", store, variable: "PEX_ROOT"))
    }
    if let location = repository ?? workspace?.repositoryLocation {
      findings.append(RepositoryCheck.run(location, relativeTo: workspace?.root))
    }
    return findings
  }

  private func print(_ groups: [(String, [Finding])]) {
    let width = groups.flatMap(\.1).map(\.subject.utf8.count).max() ?? 0
    for (title, findings) in groups where !findings.isEmpty {
      writeText("\(title)\n", to: 1)
      for finding in findings {
        let space = String(repeating: " ", count: width - finding.subject.utf8.count + 2)
        writeText("  \(finding.mark) \(finding.subject)\(space)\(finding.fact)\n", to: 1)
        if finding.verdict != .good {
          for remedy in finding.remedies { writeText("      help: \(remedy)\n", to: 1) }
        }
      }
    }
    let all = groups.flatMap(\.1)
    func count(_ verdict: Finding.Verdict) -> Int { all.count { $0.verdict == verdict } }
    writeText("\(all.count) checks: \(count(.problem)) problems, \(count(.warning)) warnings\n", to: 1)
  }
}

extension Finding {
  fileprivate var mark: String {
    switch verdict {
    case .good: "✓"
    case .warning: "!"
    case .problem: "✗"
    }
  }

  fileprivate func json(group: String) -> JSONValue {
    .members([
      "group": .string(group), "subject": .string(subject), "verdict": .string(verdict.rawValue),
      "fact": .string(fact), "remedies": .strings(remedies),
    ])
  }
}
