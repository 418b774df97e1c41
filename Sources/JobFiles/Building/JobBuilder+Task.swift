import Diagnostics
import JobModel

extension JobBuilder {
  func task() throws -> TaskConfiguration {
    guard let task = job.child("task") else {
      job.problem("the job has no task", remedies: ["add task = SequentialTask(processes = [...])"])
      return TaskConfiguration(name: "", processes: [], resources: .zero)
    }
    let processes = task.children("processes").map(process)
    if processes.isEmpty { task.problem("the task has no processes") }
    let name = task.string("name") ?? processes.first?.name ?? settings?.name ?? ""
    var environment = settings?.environment ?? [:]
    for (name, value) in task.entries("environment") {
      if !TaskConfiguration.isFreeVariable(name) {
        task.problem("\"\(name)\" cannot be the name of an environment variable of a task")
      }
      environment[name] = value
    }
    return TaskConfiguration(
      name: name, processes: processes,
      constraints: task.children("constraints").map { OrderConstraint(order: $0.strings("order")) },
      resources: resources(task), maxFailures: task.integer("max_failures") ?? 1,
      maxConcurrency: task.integer("max_concurrency") ?? 0,
      finalizationWait: settings?.finalizationWait ?? task.seconds("finalization_wait") ?? .seconds(30),
      user: user(task),
      artifacts: try artifacts(task), environment: environment,
      volumes: (settings?.volumes ?? []) + task.children("volumes").compactMap(volume), secrets: secrets(task))
  }

  /// The job file's, and the template's in addition.
  private func secrets(_ task: BoundObject) -> [Secret] {
    var secrets = Dictionary((settings?.secrets ?? []).map { ($0.name, $0) }) { $1 }
    for (name, reference) in task.entries("secrets") {
      guard JobKey.isIdentifier(name), Secret.isReference(reference) else {
        task.problem(
          "the secret \"\(name)\" is a path such as team/name, not \"\(reference)\"",
          notes: ["the scheduler's host looks the path up; the value never appears in a template"])
        continue
      }
      secrets[name] = Secret(name: name, reference: reference)
    }
    return secrets.values.sorted { $0.name < $1.name }
  }

  /// Only the role is allowed: another user would break the limits of the job file.
  private func user(_ task: BoundObject) -> String? {
    let role = settings?.role ?? job.string("role")
    guard let user = task.string("user"), user != role else { return nil }
    guard let settings else {
      task.problem("the task says user \"\(user)\", and its job the role \"\(role ?? "")\"")
      return nil
    }
    task.problem(
      "the task says user \"\(user)\", and \"\(settings.path)\" says \"\(settings.role)\"",
      remedies: ["leave user out of the template: the job file fixes it"])
    return nil
  }

  private func process(_ object: BoundObject) -> ProcessConfiguration {
    var process = ProcessConfiguration(name: object.string("name") ?? "", cmdline: object.string("cmdline") ?? "")
    if !object.has("name") || !object.has("cmdline") { object.problem("a process has a name and a cmdline") }
    if let failures = object.integer("max_failures") { process.maxFailures = failures }
    if let flag = object.boolean("daemon") { process.daemon = flag }
    if let flag = object.boolean("ephemeral") { process.ephemeral = flag }
    if let seconds = object.seconds("min_duration") { process.minDuration = seconds }
    if let flag = object.boolean("final") { process.final = flag }
    if let logger = object.child("logger") {
      var configuration = LoggerConfiguration()
      if let value = logger.choice("destination", LoggerConfiguration.Destination.self) {
        configuration.destination = value
      }
      if let value = logger.choice("mode", LoggerConfiguration.Mode.self) { configuration.mode = value }
      if let rotate = logger.child("rotate") {
        if let size = rotate.size("log_size") { configuration.logSize = size }
        if let backups = rotate.integer("backups") { configuration.backups = backups }
      }
      process.logger = configuration
    }
    return process
  }

  /// The task's own, and for omitted fields those of the job file's `config`.
  private func resources(_ task: BoundObject) -> Resources {
    let own = task.child("resources")
    var cpu = own?.number("cpu")
    if cpu == nil, case .number(let number)? = settings?.config(.cpu) { cpu = number }
    let ram = own?.size("ram") ?? integer(.ram)
    let disk = own?.size("disk") ?? integer(.disk)
    for (name, isMissing) in [("cpu", cpu == nil), ("ram", ram == nil), ("disk", disk == nil)] where isMissing {
      (own ?? task).problem(
        "nothing says how much \(name) the task may use",
        remedies: [
          (settings.map { "add \(name) to \"config\" of \"\($0.path)\", or " } ?? "add ")
            + "resources = Resources(...) to the task"
        ])
    }
    let resources = Resources(
      cpu: cpu ?? 0, ram: ram ?? 0, disk: disk ?? 0,
      processes: own?.integer("processes") ?? integer(.processes) ?? Resources.defaultProcesses,
      gpu: own?.integer("gpu") ?? 0)
    if let cpu, !(cpu > 0 && resources.milliCPU > 0) { (own ?? task).problem("cpu is above 0, not \(cpu)") }
    if resources.gpu < 0 { (own ?? task).problem("gpu is 0 or more, not \(resources.gpu)") }
    if ram == 0 || disk == 0 { (own ?? task).problem("ram and disk are above 0") }
    return resources
  }

  /// The job's own artifact, and those that the task names besides.
  private func artifacts(_ task: BoundObject) throws -> [TaskArtifact] {
    var artifacts = context.artifact.map { [$0] } ?? []
    for object in task.children("artifacts") {
      guard let name = object.string("name") else {
        object.problem("an artifact has a name")
        continue
      }
      let hashType =
        object.choice("hashtype", TaskArtifact.HashType.self) ?? (object.has("githash") ? .git : .version)
      guard let version = object.string(hashType == .git ? "githash" : "version") else {
        object.problem("the artifact \"\(name)\" has no \(hashType == .git ? "githash" : "version")")
        continue
      }
      if artifacts.contains(where: { $0.name == name }) {
        object.problem("the artifact \"\(name)\" is there already", notes: ["the job file's own is always there"])
        continue
      }
      let request = ArtifactRequest(
        name: name, hashType: hashType, version: version, platform: context.resolver.platform)
      artifacts.append(
        try context.resolver.resolve(request, at: object.object.location.map(TemplateDiagnostic.location)))
    }
    return artifacts
  }
}
