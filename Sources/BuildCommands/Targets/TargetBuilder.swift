public import Actions
internal import BuildFiles
public import ContentStore
internal import Diagnostics
internal import PythonPackaging
internal import SystemSupport
public import TargetGraph
public import Workspace

/// Builds the files of targets: their sources, the outputs of their commands, their products. Each is built once per
/// run; results of earlier runs are taken from the action cache. Used by one thread.
public final class TargetBuilder {
  let workspace: Workspace
  let resolver: DependencyResolver
  let store: ContentStore
  let runner: ActionRunner
  let wheels: PlatformWheels
  let note: (String) -> Void
  private var knownFiles: [TargetID: ActionInputs] = [:]
  private var knownPackages: [TargetID: Product] = [:]
  private var underWay: [TargetID] = []
  var distributions = DistributionOwners()
  /// The pool of steps while several targets are built together.
  var pool: StepPool?
  var heldNotes: [(address: String, text: String)] = []

  var graph: TargetGraph { resolver.graph }

  /// - Parameter note: called with texts for the user, such as the output of commands with `log_output`.
  public convenience init(
    workspace: Workspace, resolver: DependencyResolver, store: ContentStore, runner: ActionRunner,
    note: @escaping (String) -> Void = { _ in }
  ) {
    self.init(
      workspace: workspace, resolver: resolver, store: store, runner: runner,
      wheels: PlatformWheels(workspace, store: store, note: note), note: note)
  }

  init(
    workspace: Workspace, resolver: DependencyResolver, store: ContentStore, runner: ActionRunner,
    wheels: PlatformWheels, note: @escaping (String) -> Void
  ) {
    self.workspace = workspace
    self.resolver = resolver
    self.store = store
    self.runner = runner
    self.wheels = wheels
    self.note = note
  }

  // MARK: Files

  /// The files of a target, by path from the workspace root: its source, the outputs of its command, the files that it
  /// wraps or relocates. None for a target without files.
  public func files(of id: TargetID) throws -> ActionInputs {
    if let known = knownFiles[id] { return known }
    let made = try guarded(id) { try makeFiles(of: id) }
    knownFiles[id] = made
    return made
  }

  private func makeFiles(of id: TargetID) throws -> ActionInputs {
    let target = graph[id]
    var files = ActionInputs()
    if let file = target.file {
      let path = graph.files.path(of: file)
      try files.add(file: workspace.root.appending(path), at: path)
      return files
    }
    switch target.type {
    case .shellCommand, .adhocTool: return try runCommand(id)
    case .relocatedFiles: return try relocated(target)
    case .wrapAsFiles, .wrapAsResources, .wrapAsPythonSources:
      for part in try each(targets(named: "inputs", of: target), self.files) { try files.merge(part) }
    default:
      for part in try each(graph.generated(by: id), self.files) { try files.merge(part) }
    }
    return files
  }

  /// `relocated_files`: the files of others with one directory replaced by another.
  private func relocated(_ target: Target) throws -> ActionInputs {
    var files = ActionInputs()
    for part in try each(targets(named: "files_targets", of: target), self.files) { try files.merge(part) }
    func folder(_ field: String) throws -> String {
      let text = target.value(of: field).string ?? ""
      return text.isEmpty || text == "." ? "" : try graph.insidePath(text, field: field, of: target)
    }
    let source = try folder("src")
    let destination = try folder("dest")
    if let stray = files.tree.paths.first(where: { !source.isEmpty && !Paths.contains(source, $0) }) {
      throw Diagnostic(
        .input, "\"\(stray)\" of \"\(target.address)\" is not in its src \"\(source)\"",
        at: target.declaration.site.location(field: "src"))
    }
    return try files.renamed { Paths.join(destination, Paths.relative($0, to: source)) }
  }

  // MARK: Packages

  /// Whether `kilt package` builds a product from a target.
  public static func isPackageable(_ target: Target) -> Bool {
    switch target.type {
    case .pexBinary, .archive, .pythonDistribution: true
    default: false
    }
  }

  /// The product of a target: files by path from the output directory.
  public func package(of id: TargetID) throws -> Product {
    if let known = knownPackages[id] { return known }
    let made = try guarded(id) {
      switch graph[id].type {
      case .archive: try archive(id)
      case .pythonDistribution: try distribution(id)
      case .pexBinary: try bundlePackage(id)
      default:
        throw Diagnostic(
          .input,
          "cannot package \"\(graph[id].address)\": kilt package does not support \(graph[id].typeName) targets",
          at: graph[id].declaration.site.location())
      }
    }
    knownPackages[id] = made
    return made
  }

  /// The path of a target's product from the output directory: its `output_path`, or Pants' name,
  /// `path.to.folder/name.suffix`.
  func outputPath(of target: Target, suffix: String) throws -> String {
    if let path = try graph.outputPath(of: target) { return path }
    let folder = target.address.directory.split(separator: "/").joined(separator: ".")
    let parameters = target.address.parameters.map { "@\($0.key)=\($0.value)" }.joined(separator: ",")
    return Paths.join(folder, (target.address.generated ?? target.address.name) + parameters + "." + suffix)
  }

  // MARK: Closures

  /// All files and products that a command receives from some targets and their transitive dependencies.
  func executionFiles(of ids: [TargetID]) throws -> ActionInputs {
    var files = ActionInputs()
    let all = try Set(ids + resolver.buildDependencies(of: ids)).sorted()
    let parts = try each(all) { Self.isPackageable(graph[$0]) ? try package(of: $0).files : try self.files(of: $0) }
    for part in parts { try files.merge(part) }
    return files
  }

  /// The targets that a field of addresses names.
  func targets(named field: String, of target: Target) throws -> [TargetID] {
    try target.strings(of: field).flatMap { try graph.targets(named: $0, in: field, of: target) }
  }

  /// Runs `body`, which builds something from a target, unless it is already running.
  private func guarded<Result>(_ id: TargetID, _ body: () throws -> Result) throws -> Result {
    if let start = underWay.firstIndex(of: id) {
      let lines = (underWay[start...] + [id]).map { graph.address(of: $0).description }
      throw Diagnostic(
        .input, "targets depend on each other's output in a cycle", at: graph[id].declaration.site.location(),
        notes: [lines.joined(separator: "\n-> ")])
    }
    underWay.append(id)
    defer { underWay.removeLast() }
    return try body()
  }
}
