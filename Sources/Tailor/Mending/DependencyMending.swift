internal import BuildFiles
public import Diagnostics
internal import Snapshot
public import TargetGraph
public import Workspace

/// Changes to `dependencies` of targets: removes entries that inference makes redundant, and if several targets provide
/// a needed module, adds the line that excludes the others.
///
/// Every change is tried before it is offered: the workspace is evaluated with the new texts, and the transitive
/// dependencies of each target must be the same as before, plus the chosen provider. Changes that fail are dropped,
/// file by file.
public struct DependencyMending {
  /// The changes, by path.
  public private(set) var changes: [BuildFileChange] = []
  /// The findings that cannot be changed, with reasons.
  public private(set) var leftAlone: [Diagnostic] = []

  private var workspace: Workspace
  private var resolver: DependencyResolver
  private let directories: Set<String>
  private var steps: [String: [BuildFileStep]] = [:]
  private var treatment: [String: MendingRound.Treatment] = [:]

  /// Computes the changes to the BUILD files of these directories.
  ///
  /// - Parameter progress: called with a description of the current work.
  /// - Throws: the errors of the existing dependencies: `Diagnostic`, `DiagnosticList`; `SystemCallError`.
  public init(
    _ workspace: Workspace, _ resolver: DependencyResolver, directories: [DirectoryID],
    progress: (String) -> Void = { _ in }
  ) throws {
    self.workspace = workspace
    self.resolver = resolver
    self.directories = Set(directories.map { resolver.graph.files.path(of: $0) })
    progress("working out dependencies")
    try resolver.resolveAll()
    // Each round builds on the one before: settling an ambiguity can make an entry redundant. Rounds continue until
    // neither kind finds anything; the bound is for unforeseen cases.
    var kind = MendingRound.Kind.removal
    var remarks: [MendingRound.Kind: [Diagnostic]] = [:]
    var idle = 0
    for number in 1...16 where idle < 2 {
      let wanted = kind == .removal ? "redundant" : "ambiguous"
      progress("round \(number): looking for what is \(wanted)")
      let round = try MendingRound(
        kind, self.workspace, self.resolver, directories: self.directories, treatment: treatment)
      remarks[kind] = round.leftAlone
      if round.edits.isEmpty {
        idle += 1
        kind = kind == .removal ? .settling : .removal
      } else {
        idle = 0
        progress("round \(number): trying changes of \(round.edits.count) BUILD files")
        try carryOut(round)
      }
    }
    leftAlone = (remarks[.removal] ?? []) + (remarks[.settling] ?? [])
    for (path, after) in self.workspace.buildFileTexts.sorted(by: { $0.key < $1.key }) {
      changes.append(
        BuildFileChange(path: path, before: try workspace.read(path), after: after, steps: steps[path] ?? []))
    }
  }

  /// Accepts the edits of a round if they have the intended effect, and otherwise records the files to treat more
  /// carefully.
  private mutating func carryOut(_ round: MendingRound) throws {
    var next = workspace
    for (path, edits) in round.edits {
      next.buildFileTexts[path] = TextEdit.apply(edits, to: try workspace.text(ofBuildFile: path))
    }
    let wrong: Set<String>
    var nextResolver: DependencyResolver?
    do {
      let graph = try TargetGraph.load(next, state: try WorkspaceState(of: next, isUsed: false))
      let resolver = DependencyResolver(graph: graph, sources: next)
      wrong = try differences(in: resolver, round)
      nextResolver = resolver
    } catch let error where error is DiagnosticList || error is any DiagnosableError {
      // A text that cannot be evaluated any more, without knowing which.
      wrong = Set(round.edits.keys)
    }
    guard wrong.isEmpty, let nextResolver else {
      for path in wrong { treatment[path] = (treatment[path] ?? .free).more }
      return
    }
    (workspace, resolver) = (next, nextResolver)
    for (path, done) in round.steps { steps[path, default: []] += done }
  }

  /// The edited files with targets whose dependencies differ from the intended ones; all files, if such a target is
  /// elsewhere.
  private func differences(in next: DependencyResolver, _ round: MendingRound) throws -> Set<String> {
    let (old, new) = (resolver.graph, next.graph)
    try next.readImports(of: new.allTargets)
    var ids: [String: TargetID] = [:]
    for id in new.allTargets { ids[new.name(of: id)] = id }
    if ids.count != old.allTargets.count { return Set(round.edits.keys) }
    func names(_ ids: [TargetID], _ resolver: DependencyResolver) -> Set<String> {
      Set(resolver.expandingGenerators(ids).map { resolver.graph.name(of: $0) })
    }
    var wrong: Set<String> = []
    for id in old.allTargets {
      let name = old.name(of: id)
      var wanted = names(try resolver.dependencies(of: id), resolver)
      wanted.formUnion(round.additions[name] ?? [])
      wanted.remove(name)
      let path = old[id].declaration.site.path
      do {
        if let other = ids[name] {
          if names(try next.dependencies(of: other), next) == wanted { continue }
          // If every target whose own entries differ reaches the same as before, all others do as well.
          if round.kind == .removal, round.edits[path] != nil,
            try names(resolver.transitiveDependencies(of: [id]), resolver)
              == names(next.transitiveDependencies(of: [other]), next)
          {
            continue
          }
        }
      } catch let error where error is DiagnosticList || error is any DiagnosableError {
        // Such as a visibility rule that forbids a new dependency.
      }
      guard round.edits[path] != nil else { return Set(round.edits.keys) }
      wrong.insert(path)
    }
    return wrong
  }
}

extension Workspace {
  /// The bytes of a BUILD file, with changes that are being tried.
  func text(ofBuildFile path: String) throws -> [UInt8] { try buildFileTexts[path] ?? read(path) }
}
