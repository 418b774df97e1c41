internal import BuildFiles
public import Diagnostics
internal import SystemSupport
public import TargetGraph
public import Workspace

/// The targets that files without one should have, as changes to BUILD files.
public struct TargetProposals: Sendable {
  /// The changes, by path.
  public var changes: [BuildFileChange]
  /// The warnings about the files.
  public var warnings: [Diagnostic]

  /// Searches these directories for files without a target.
  ///
  /// - Throws: `Diagnostic` if a BUILD file would be invalid after the change; `SystemCallError`.
  public init(_ workspace: Workspace, _ graph: TargetGraph, directories: [DirectoryID]) throws {
    var finder = TargetFinder(workspace, graph)
    let arrangement = TargetArrangement(graph, workspace)
    let found = try arrangement.arranged(try finder.find(in: directories))
    warnings = finder.warnings
    changes = []
    if found.isEmpty { return }
    let options = workspace.configuration.tailoring
    let reader = ContentReader(workspace, files: graph.files, ignoringInode: false)
    let evaluation = try PackageEvaluation(workspace, files: graph.files, reader: reader)
    for (directory, targets) in Dictionary(grouping: found, by: \.directory) {
      let place = try BuildFilePlace(workspace, directory)
      let after = place.adding(targets, options)
      // The new text must be valid: existing text can leave no room for calls, and a macro can require other arguments.
      _ = try evaluation.evaluate(place.path, bytes: after)
      changes.append(
        BuildFileChange(path: place.path, before: place.bytes, after: after, steps: targets.map { .addTarget($0) }))
    }
    changes.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }
}

/// The BUILD file of a directory to which targets are added.
private struct BuildFilePlace {
  var path: String
  /// Its content; nil if it is missing.
  var bytes: [UInt8]?

  init(_ workspace: Workspace, _ directory: String) throws {
    let name = workspace.configuration.tailoring.buildFileName
    path = Paths.join(directory, name)
    if try Self.kind(of: path, workspace) == .directory {
      // A directory of that name, as with "build" where names have no case.
      path += workspace.configuration.path == "pants.toml" ? ".pants" : ".kilt"
      guard
        workspace.configuration.buildPatterns.contains(where: { GlobPattern($0).matches(Paths.lastComponent(path)) })
      else {
        throw Diagnostic(
          .input, "cannot write the BUILD file \"\(Paths.join(directory, name))\": it is a directory",
          remedies: ["set build_file_name under [tailor] to another name"])
      }
    }
    switch try Self.kind(of: path, workspace) {
    case nil: bytes = nil
    case .file?: bytes = try workspace.read(path)
    default: throw Diagnostic(.input, "cannot add targets to \"\(path)\": it is not a file")
    }
  }

  /// The file at a path, behind links; nil if it is missing.
  private static func kind(of path: String, _ workspace: Workspace) throws(SystemCallError) -> FileStatus.Kind? {
    let place = workspace.root.appending(path)
    do throws(SystemCallError) {
      return try FileSystem.status(of: place, followingLinks: true).kind
    } catch {
      guard error.isMissing, !FileSystem.exists(place) else { throw error }
      return nil
    }
  }

  /// The text with targets after the existing ones, as Pants joins them.
  func adding(_ targets: [ProposedTarget], _ options: WorkspaceConfiguration.Tailoring) -> [UInt8] {
    let lineEnd = BuildFileText.lineEnd(of: bytes ?? [])
    var parts = targets.map { Array($0.declaration(indent: options.buildFileIndent).utf8) }
    if lineEnd.count > 1 { parts = parts.map { part in part.flatMap { $0 == 0x0A ? lineEnd : [$0] } } }
    parts.insert(bytes ?? Array((options.buildFileHeader ?? "").utf8), at: 0)
    let texts = parts.map { part in Array(part[..<(part.lastIndex { !Self.isSpace($0) }.map { $0 + 1 } ?? 0)]) }
    return Array(texts.filter { !$0.isEmpty }.joined(separator: lineEnd + lineEnd)) + lineEnd
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

/// Gives proposed targets unique names and separate sources.
private struct TargetArrangement {
  private let graph: TargetGraph
  private let workspace: Workspace
  private let options: WorkspaceConfiguration.Tailoring

  init(_ graph: TargetGraph, _ workspace: Workspace) {
    self.graph = graph
    self.workspace = workspace
    options = workspace.configuration.tailoring
  }

  func arranged(_ found: [ProposedTarget]) throws -> [ProposedTarget] {
    var targets = found
    for index in targets.indices {
      if let alias = options.aliasMapping[targets[index].typeName] { targets[index].typeName = alias }
    }
    targets.sort(by: ProposedTarget.precedes)
    name(&targets)
    for index in targets.indices { restrictSources(of: &targets[index]) }
    return targets.filter(isWanted).sorted(by: ProposedTarget.precedes)
  }

  /// No two targets have one address.
  private func name(_ targets: inout [ProposedTarget]) {
    var taken: [String: Set<String>] = [:]
    for index in targets.indices {
      let directory = targets[index].directory
      let wanted = targets[index].name
      var names =
        taken[directory]
        ?? Set(graph.targets(inDirectory: directory).lazy.map { graph.address(of: $0) }.map(\.name))
      // The root has no directory name to use.
      if directory.isEmpty { targets[index].name = "root" }
      var number = 0
      while names.contains(targets[index].name) {
        targets[index].name = "\(wanted)\(number)"
        number += 1
      }
      names.insert(targets[index].name)
      taken[directory] = names
    }
  }

  /// A target whose globs would select files of others lists its files instead.
  private func restrictSources(of target: inout ProposedTarget) {
    guard !target.sources.isEmpty, let directory = graph.files.directory(at: target.directory) else { return }
    let owners = graph.files.files(matching: SourceGlobs(target.ownedGlobs), in: directory).flatMap { file in
      graph.owners(of: file).flatMap { [$0] + (graph.generator(of: $0).map { [$0] } ?? []) }
    }
    if owners.isEmpty { return }
    let names = Set(owners.map { graph.name(of: $0) }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    target.comments +=
      ["# NOTE: Sources restricted from the default for \(target.typeName) due to conflict with"]
      + names.map { "#   - \($0)" }
    target.fields.removeAll { $0.name == "sources" }
    target.fields.append(.init(name: "sources", value: .strings(target.sources)))
  }

  private func isWanted(_ target: ProposedTarget) -> Bool {
    let path = Paths.join(target.directory, options.buildFileName)
    if options.ignorePaths.contains(where: { GlobPattern($0).matches(path) }) { return false }
    if workspace.ignoresBuildFile(at: path) { return false }
    return !options.ignoreAddingTargets.contains(target.address.description)
  }
}
