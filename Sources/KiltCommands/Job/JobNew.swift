internal import ArgumentParser
internal import BuildFiles
internal import Diagnostics
internal import JobFiles
internal import JobModel
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt job new`.
struct JobNew: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Write a job file, and a template if none fits.",
    discussion: """
      For a target, Kilt guesses the kind of job, its port and its health check from the packages and the code of the \
      program. Prints each guess with its reason. Existing files do not change.

      EXAMPLES
        kilt job new services/fiddler:server
        kilt job new send_email --template igor --buildname igor_worker
        kilt job new send_email --template queue_worker
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Name of the job, or address of a pex_binary.", valueName: "name"))
  var name: String

  @Option(
    help: ArgumentHelp(
      "Template: a file in the directory of job files, or one of: python_service, queue_worker, process.",
      valueName: "name"))
  var template: String?

  @Option(
    help: ArgumentHelp("Artifact. Default: the artifact of the target, or the name of the job.", valueName: "name"))
  var buildname: String?

  @Option(help: ArgumentHelp("Role. Default: the role of the other job files, or www-data.", valueName: "name"))
  var user: String?

  @Option(help: ArgumentHelp("Directory of the job files.", valueName: "path"))
  var jobs = "jobs"

  func run() throws {
    let set = try JobFileSet(global)
    let directory = try set.path(jobs)
    let neighbors = try existing(in: directory, set)
    var draft = try name.contains(":") || name.contains("/") ? draftOfTarget(neighbors) : plainDraft()
    if let buildname { draft.buildname = buildname }
    draft.role = user ?? neighbors.first?.role ?? "www-data"
    if let template {
      let file = template.hasSuffix(".aurora") ? template : template + ".aurora"
      if FileSystem.exists(set.workspace.root.appending(directory).appending(file)) {
        draft.template = file
      } else if let shape = JobDraft.Shape(rawValue: template) {
        draft.shape = shape
      } else {
        let known = try templates(in: directory, set) + JobDraft.Shape.allCases.map(\.rawValue)
        throw Diagnostic(
          .input, "unknown template \"\(template)\"", notes: ["known templates: \(known.joined(separator: ", "))"],
          remedies: Suggestions.remedy(for: template, among: known).map { [$0] } ?? [])
      }
    } else if let same = neighbors.first(where: { $0.buildname == draft.buildname }) {
      draft.template = same.template
      global.note("template: \(same.template), which other jobs of \(draft.buildname) use")
    }
    let path = "\(directory)/\(draft.name).yaml"
    var files = [(path, draft.jobFile)]
    if let text = draft.templateFile { files.append(("\(directory)/\(draft.name).aurora", text)) }
    try write(files, set)
    // An existing template can require values that only its author knows.
    for check in set.loader.check([path]) {
      for error in check.errors { global.note("to do: \(error.summary)") }
    }
    if !FileSystem.exists(set.workspace.root.appending("\(directory)/schema.json")) {
      global.note("for completion in editors: kilt job schema > \(directory)/schema.json")
    }
    global.note("next: kilt job lint \(path), then kilt job create \(path) --stage devel")
  }

  // MARK: Drafts

  private func plainDraft() throws -> JobDraft {
    guard JobKey.isIdentifier(name) else {
      throw Diagnostic(.input, "\"\(name)\" cannot be the name of a job: letters, digits, \"_\", \".\" and \"-\"")
    }
    return JobDraft(name: name, role: "", buildname: name, commit: try commit(JobFileSet(global)), shape: .service)
  }

  private func draftOfTarget(_ neighbors: [Neighbor]) throws -> JobDraft {
    let session = try WorkspaceSession(global)
    let selected = try session.graph.select(try session.parse([name]), filter: try TargetOptions.parse([]).filter())
    guard let id = selected.first, selected.count == 1 else {
      throw Diagnostic(.input, "\"\(name)\" selects \(selected.count) targets; a job runs one pex_binary")
    }
    let plan = try session.resolver.bundlePlan(for: id)
    let root = session.workspace.root
    let sources = try plan.files.filter(\.isPython).map { file in
      ProgramTraits.Source(
        path: file.path,
        text: String(decoding: try FileSystem.read(root.appending(file.path), limit: 1 << 22), as: UTF8.self))
    }
    let traits = ProgramTraits(
      packages: plan.requirements.map(\.name), sources: sources, script: plan.script, entry: plan.entryFile)
    for reason in traits.reasons { global.note("guess: \(reason)") }
    // The directory's name, unless another program of the directory has a job of that name.
    let words = plan.address.directory.split(separator: "/")
    var short = words.last.map(String.init) ?? plan.artifact
    if neighbors.contains(where: { $0.name == short && $0.buildname != plan.artifact }) { short = plan.artifact }
    return JobDraft(
      name: short, role: "", buildname: plan.artifact, commit: try commit(JobFileSet(global)), shape: traits.shape,
      port: traits.port, healthEndpoint: traits.healthEndpoint ?? "/health")
  }

  /// The commit that is checked out, which must be published before the job can run.
  private func commit(_ set: JobFileSet) throws -> String {
    do {
      return String(try set.workspace.git.headCommit().prefix(12))
    } catch {
      global.warn(
        "wrote a githash that no commit has",
        notes: ["cannot read the current commit: \(JobSession.summary(of: error))"],
        remedies: ["commit the workspace, and write the commit as `githash` in the job file"])
      return "0000000"
    }
  }

  // MARK: Files

  private struct Neighbor {
    var name: String
    var role: String
    var buildname: String
    var template: String
  }

  /// The settings of other job files in the directory.
  private func existing(in directory: String, _ set: JobFileSet) throws -> [Neighbor] {
    guard FileSystem.exists(set.workspace.root.appending(directory)) else { return [] }
    return set.loader.check(try set.files([jobs])).compactMap { check in
      guard let job = check.jobs.compactMap(\.configuration).first, let source = job.source?.template,
        let artifact = job.task.artifacts.first, source.hasPrefix(directory + "/")
      else { return nil }
      return Neighbor(
        name: job.key.name, role: job.key.role, buildname: artifact.name,
        template: String(source.dropFirst(directory.count + 1)))
    }
  }

  private func templates(in directory: String, _ set: JobFileSet) throws -> [String] {
    let path = set.workspace.root.appending(directory)
    guard FileSystem.exists(path) else { return [] }
    return try FileSystem.list(path).map(\.name).filter { $0.hasSuffix(".aurora") }.map { String($0.dropLast(7)) }
  }

  /// Writes all of the files, or none.
  private func write(_ files: [(path: String, text: String)], _ set: JobFileSet) throws {
    let root = set.workspace.root
    for (path, _) in files where FileSystem.exists(root.appending(path)) {
      throw Diagnostic(.input, "\"\(path)\" exists already", remedies: ["choose another name, or edit the file"])
    }
    for (path, text) in files {
      let file = root.appending(path)
      try FileSystem.createDirectories(file.removingLastComponent())
      try FileSystem.write(text: text, to: file)
      global.note("wrote \(path)")
    }
  }
}

extension BundlePlan {
  /// The console script that the bundle starts.
  fileprivate var script: String? {
    if case .script(let name) = entryPoint { name } else { nil }
  }

  /// The file of the module that the bundle starts.
  fileprivate var entryFile: String? {
    switch entryPoint {
    case .executable(_, let file): return file
    case .module(let module, _):
      let path = module.split(separator: ".").joined(separator: "/")
      return files.first { $0.bundlePath == path + ".py" || $0.bundlePath == path + "/__main__.py" }?.path
    default: return nil
    }
  }
}
