internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import Digests
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport
internal import Workspace

/// `kilt artifacts who-has`.
struct ArtifactsWhoHas: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "who-has", abstract: "Find the published commits and the jobs that contain a package.",
    discussion: """
      Reads the manifests of the artifact repository. Asks the scheduler of each cluster in kilt.toml for the jobs \
      that run one of the commits.

      EXAMPLES
        kilt artifacts who-has requests
        kilt artifacts who-has requests==2.32.3 --format json
        kilt artifacts who-has urllib3 --no-jobs

      EXIT CODES
        0  found
        1  no commit contains the package
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "Do not contact schedulers.")
  var noJobs = false

  @Argument(help: ArgumentHelp("Package, or one version of it.", valueName: "package[==version]"))
  var package: String

  func run() throws {
    let parts = package.split(separator: "==", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else {
      throw Diagnostic(
        .input, "invalid package \"\(package)\"", remedies: ["write NAME or NAME==VERSION, such as requests==2.32.3"])
    }
    let repository = try artifacts.repository(global)
    let uses = try repository.uses(of: parts[0], version: parts.count == 2 ? parts[1] : nil) { error in
      global.report(error.diagnostic, as: .warning)
    }
    let jobs = noJobs ? [] : try RunningArtifacts(global).jobs()
    var affected: [(job: RunningArtifacts.Job, use: PackageUse)] = []
    for job in jobs {
      guard
        let use = uses.first(where: {
          $0.key.name.text == job.artifact && ($0.digest.hex == job.digest || $0.key.commit.text == job.version)
        })
      else { continue }
      affected.append((job, use))
    }
    switch output.format {
    case .text: show(uses, affected)
    case .json:
      let value = JSONValue.members([
        "package": .string(package), "published": .array(uses.map(Self.json)),
        "jobs": .array(
          affected.map { job, use in
            .members([
              "cluster": .string(job.cluster), "job": .string(job.key), "artifact": .string(job.artifact),
              "commit": .string(use.key.commit.text), "wheel": .string(use.wheel),
            ])
          }),
      ])
      Terminal.standardOutput.print(value.text(.pretty))
    }
    if uses.isEmpty { throw ExitCode(1) }
  }

  private func show(_ uses: [PackageUse], _ affected: [(job: RunningArtifacts.Job, use: PackageUse)]) {
    for use in uses {
      let branch = use.branch.map { "  \($0)" } ?? ""
      Terminal.standardOutput.print(
        "\(use.key.name)@\(use.key.commit.abbreviated)  \(use.wheel)  \(RFC3339.text(use.created))  "
          + "\(use.key.platform)\(branch)")
    }
    for (job, use) in affected {
      Terminal.standardOutput.print("job \(job.key)  \(use.key.name)@\(use.key.commit.abbreviated)  \(use.wheel)")
    }
    if uses.isEmpty { global.note("no published artifact contains \(package)") }
  }

  private static func json(_ use: PackageUse) -> JSONValue {
    .members([
      "name": .string(use.key.name.text), "commit": .string(use.key.commit.text),
      "platform": .string(use.key.platform.text), "wheel": .string(use.wheel), "version": .string(use.version),
      "created": .string(RFC3339.text(use.created)), "branch": use.branch.map { .string($0) } ?? .null,
    ])
  }
}

/// The artifacts that jobs of the clusters in kilt.toml run.
struct RunningArtifacts {
  struct Job {
    var cluster: String
    /// `cluster/role/stage/name`.
    var key: String
    var artifact: String
    var version: String
    var digest: String
  }

  private let global: GlobalOptions
  private let workspace: Workspace?

  init(_ global: GlobalOptions) throws {
    self.global = global
    workspace = try Self.workspace(global)
  }

  /// The workspace of the working directory; nil outside any workspace. A workspace that cannot be read is an error:
  /// its settings must not count as absent.
  static func workspace(_ global: GlobalOptions) throws -> Workspace? {
    var folder = try global.workingDirectory
    while true {
      for name in ["kilt.toml", "pants.toml"] where FileSystem.exists(folder.appending(name)) {
        return try Workspace.find(from: try global.workingDirectory)
      }
      guard folder.removeLastComponent() else { return nil }
    }
  }

  /// - Throws: ``Diagnostic`` if a scheduler does not answer: no answer does not mean that there are no jobs.
  func jobs() throws -> [Job] {
    var found: [Job] = []
    for cluster in workspace?.configuration.clusters ?? [] {
      do {
        let client = try JobSession(global, cluster: cluster.name).client
        for summary in try client.jobs() {
          guard let job = try client.job(summary.key) else { continue }
          for artifact in job.configuration.task.artifacts {
            found.append(
              Job(
                cluster: cluster.name, key: "\(summary.key)", artifact: artifact.name, version: artifact.version,
                digest: artifact.digest ?? ""))
          }
        }
      } catch let error as any DiagnosableError {
        var diagnostic = error.diagnostic
        diagnostic.remedies.append("or leave out jobs: `--no-jobs`")
        throw diagnostic
      }
    }
    return found
  }
}
