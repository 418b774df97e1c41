internal import BuildFiles
internal import Diagnostics
internal import PythonImports
public import Workspace

extension DependencyResolver {
  /// A resolver over the targets that a workspace has had in an earlier commit.
  ///
  /// Imports of files that have not changed since are those that this resolver knows.
  ///
  /// - Throws: `DiagnosticList`, `Diagnostic` for a commit whose BUILD files cannot be evaluated; `SystemCallError`.
  public func earlier(_ earlier: EarlierWorkspace) throws -> DependencyResolver {
    let workspace = earlier.workspace
    let files = earlier.files
    let reader = ContentReader(workspace, files: files, ignoringInode: false)
    let evaluation = try PackageEvaluation(workspace, files: files, reader: reader)
    let directories = files.allDirectories.filter { directory in
      files.files(in: directory).contains { workspace.isBuildFile($0, of: files) }
    }
    let (packages, problems) = try evaluation.evaluate(directories)
    let (resolved, errors) = BuildDirectory.resolve(packages.map(\.package))
    let all = problems + errors.map(\.diagnostic)
    guard all.isEmpty else { throw DiagnosticList(all) }
    let sources = EarlierSources(earlier, self)
    let graph = try TargetGraph(
      files: files, configuration: workspace.configuration, sourceRoots: workspace.sourceRoots(in: files),
      packages: resolved, sources: sources)
    return DependencyResolver(graph: graph, sources: sources)
  }
}

/// The files of an earlier commit; the imports of unchanged files are known.
///
/// Used by the one thread that uses both resolvers, on which `@unchecked Sendable` rests.
private final class EarlierSources: GraphSources, @unchecked Sendable {
  private let earlier: EarlierWorkspace
  private let current: DependencyResolver
  /// Whether the configuration treats the same strings as imports.
  private let isComparable: Bool

  init(_ earlier: EarlierWorkspace, _ current: DependencyResolver) {
    self.earlier = earlier
    self.current = current
    let (old, new) = (earlier.workspace.configuration.inference, current.graph.configuration.inference)
    isComparable =
      old.stringImports == new.stringImports && old.stringImportsMinimumDots == new.stringImportsMinimumDots
      && old.assets == new.assets && old.assetsMinimumSlashes == new.assetsMinimumSlashes
  }

  func read(_ path: String) throws -> [UInt8] { try earlier.workspace.read(path) }

  func imports(of path: String, options: ImportOptions) throws -> PythonFileImports {
    if isComparable, !earlier.changed.contains(path), let file = current.graph.files.file(at: path) {
      return try current.imports(of: file)
    }
    return PythonFileImports(parsing: try read(path), options: options)
  }
}
