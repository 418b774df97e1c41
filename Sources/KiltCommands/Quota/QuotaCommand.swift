internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt quota`: the total resources for the jobs of a role.
struct QuotaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quota", abstract: "Show and set the resource limits of roles.",
    discussion: """
      EXAMPLES
        kilt quota get   all quotas
        kilt quota set www-data --cpu 16 --ram 64GiB --disk 200GiB
      """,
    subcommands: [QuotaGet.self, QuotaSet.self])
}

/// `kilt quota get`.
struct QuotaGet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Show quotas, and the resources that the jobs request.",
    discussion: """
      EXAMPLES
        kilt quota get
        kilt quota get www-data
        kilt quota get www-data/prod --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: .cluster)
  var cluster: String?

  @Argument(help: ArgumentHelp("Role, or one stage of the role: role/stage. Default: all.", valueName: "role"))
  var name: String?

  func run() throws {
    let client = try JobSession(global, cluster: cluster).client
    let quotas = try name.map { [try client.quota(try QuotaSet.checked($0))] } ?? client.quotas()
    if output.format == .json { return writeText(JSONValue.array(quotas.map(\.json)).text(.pretty) + "\n", to: 1) }
    for quota in quotas { Terminal.standardOutput.print(Self.line(quota)) }
  }

  static func line(_ quota: QuotaStatus) -> String {
    func part(_ name: String, _ used: String, _ limit: String?) -> String {
      "\(name) \(used)" + (limit.map { " of \($0)" } ?? "")
    }
    let parts = [
      quota.name, part("cpu", "\(quota.used.cpu)", quota.limit.map { "\($0.cpu)" }),
      part("ram", ByteSize.text(Int64(quota.used.ram)), quota.limit.map { ByteSize.text(Int64($0.ram)) }),
      part("disk", ByteSize.text(Int64(quota.used.disk)), quota.limit.map { ByteSize.text(Int64($0.disk)) }),
    ]
    return (quota.limit == nil ? parts + ["no quota"] : parts).joined(separator: "  ")
  }
}

/// `kilt quota set`.
struct QuotaSet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Set or remove the quota of a role, or of one stage of the role.",
    discussion: """
      Existing jobs continue to run, and count toward the quota. You need the right "admin".

      EXAMPLES
        kilt quota set www-data --cpu 16 --ram 64GiB --disk 200GiB
        kilt quota set www-data/prod --cpu 8 --ram 32GiB --disk 100GiB
        kilt quota set www-data --none
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: .cluster)
  var cluster: String?

  @Option(help: ArgumentHelp("Processor cores, such as 1.5.", valueName: "cores"))
  var cpu: Double?

  @Option(help: ArgumentHelp("Memory with a unit, such as 8GiB.", valueName: "size"))
  var ram: String?

  @Option(help: ArgumentHelp("Disk with a unit, such as 20GiB.", valueName: "size"))
  var disk: String?

  @Flag(help: "Remove the quota.")
  var none = false

  @Option(help: .reason)
  var reason: String?

  @Argument(help: ArgumentHelp("Role, or one stage of the role: role/stage.", valueName: "role"))
  var name: String

  func run() throws {
    let session = try JobSession(global, cluster: cluster)
    session.explain(reason)
    let quota = try session.client.setQuota(try Self.checked(name), try limit())
    switch output.format {
    case .json: writeText(quota.json.text(.pretty) + "\n", to: 1)
    case .text: Terminal.standardOutput.print(QuotaGet.line(quota))
    }
  }

  private func limit() throws -> Resources? {
    if none {
      guard cpu == nil, ram == nil, disk == nil else {
        throw ValidationError("--none cannot be combined with --cpu, --ram or --disk")
      }
      return nil
    }
    guard let cpu, let ram, let disk else { throw ValidationError("name --cpu, --ram and --disk, or --none") }
    guard cpu >= 0, cpu < 1e6 else { throw ValidationError("--cpu is not a number of cores") }
    func bytes(_ text: String, _ option: String) throws -> Int {
      guard let bytes = ByteSize.parse(text) else {
        throw Diagnostic(.input, "invalid size \"\(text)\" in --\(option)", remedies: ["write a unit: 8GiB, 512MiB"])
      }
      return bytes
    }
    return Resources(cpu: cpu, ram: try bytes(ram, "ram"), disk: try bytes(disk, "disk"))
  }

  static func checked(_ name: String) throws -> String {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(parts.count), parts.allSatisfy(JobKey.isIdentifier) else {
      throw Diagnostic(.input, "invalid quota \"\(name)\"", remedies: ["write a role, or role/stage"])
    }
    return name
  }
}
