// Workspace: the workspace's root, its configuration, its files, and git's answers about them.

public import PythonProjects

/// The settings of `kilt.toml`, or of `pants.toml` if there is no other file, for a workspace.
public struct WorkspaceConfiguration: Sendable {
  /// A resolve: a set of third-party versions that fit together, with its lockfile.
  public struct Resolve: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The lockfile, from the workspace root.
    public var lockfile: String
    /// Its further settings.
    public var options = ResolveOptions()

    /// A resolve.
    public init(name: String, lockfile: String) {
      self.name = name
      self.lockfile = lockfile
    }
  }

  /// A cluster that jobs run on.
  public struct Cluster: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The address of its scheduler.
    public var scheduler: String
  }

  /// The `__init__.py` files that a Python file depends on.
  public enum InitFiles: String, Sendable, CaseIterable {
    case never
    /// Non-blank ones.
    case contentOnly = "content_only"
    case always
  }

  /// The treatment of an import that nothing in the workspace provides.
  public enum UnownedImports: String, Sendable, CaseIterable {
    case ignore
    case warning
    case error
  }

  /// The choice between several providers of one module.
  public enum AmbiguityResolution: String, Sendable, CaseIterable {
    case none
    /// The provider under the importing file's own source root wins.
    case bySourceRoot = "by_source_root"
  }

  /// The treatment of a missing file in `sources`, or of a glob that matches none.
  public enum UnmatchedFiles: String, Sendable, CaseIterable {
    case ignore
    case warn
    case error
  }

  /// `[python.infer]`: how dependencies follow from source files.
  public struct Inference: Sendable, Hashable {
    /// Whether imports are dependencies.
    public var imports = true
    /// Whether strings that look like dotted names are imports, which cause no warning without a provider.
    public var stringImports = false
    /// The minimum number of dots in such a string.
    public var stringImportsMinimumDots = 2
    /// Strings that are not imports: patterns with `*`, `?` and `[…]` for the whole string.
    public var stringImportIgnore: [String] = []
    /// Whether strings that are paths of `resource` and `file` targets are dependencies.
    public var assets = false
    /// The minimum number of slashes in such a string.
    public var assetsMinimumSlashes = 1
    /// The `__init__.py` files in a file's directory and above that are dependencies.
    public var initFiles = InitFiles.contentOnly
    /// The `__init__.py` files that programs see above their files: all existing ones, unless `init_files` limits them.
    public var packedInitFiles = InitFiles.always
    /// Whether the `conftest.py` files in a test's directory and above are dependencies.
    public var conftests = true
    /// Whether the names in `entry_point` and `entry_points` are dependencies.
    public var entryPoints = true
    /// The treatment of an import that nothing in the workspace provides.
    public var unownedImports = UnownedImports.warning
    /// The choice between several providers of one module.
    public var ambiguityResolution = AmbiguityResolution.none
    /// Imports, with all below them, that need no provider in the workspace.
    public var ignoredUnownedImports: [String] = []
  }

  /// The file this comes from, from the workspace root.
  public var path = "kilt.toml"
  /// The name of the workspace.
  public var name = ""
  /// The directories that imports start at; see ``SourceRoots``.
  public var sourceRoots = ["/"]
  /// Files that mark their directory as a source root.
  public var sourceRootMarkers: [String] = []
  /// Paths that are not part of the workspace, in the form of `.gitignore`, besides those that git ignores.
  public var ignore: [String] = []
  /// The names of BUILD files.
  public var buildPatterns = ["BUILD", "BUILD.*"]
  /// Directories and files without BUILD files, in the form of `.gitignore`.
  public var buildIgnore: [String] = []
  /// The treatment of `sources` that select nothing; nil for an error if a file is named, and a warning if all globs
  /// match none.
  public var unmatchedFiles: UnmatchedFiles?
  /// Whether unknown target types only hold their dependencies, instead of being errors.
  public var ignoresUnknownTargetTypes = false
  /// The files with macros for all BUILD files.
  public var preludeGlobs: [String] = []
  /// Directories, from the workspace root, with the git repository's own Pants plugins: the target types and fields
  /// that they define are not errors.
  public var pluginPaths: [String] = []
  /// Pants plugins from an index, as requirements: their definitions are unknown.
  public var plugins: [String] = []
  /// The interpreters of targets that name none.
  public var interpreterConstraints: [String] = []
  /// The minor version of Python, such as `3.11`, for bundles if the constraints admit several; nil uses the first
  /// interpreter that is found.
  public var pythonVersion: String?
  /// The resolves, by name; without any, targets are not distinguished by resolve.
  public var resolves: [Resolve] = []
  /// The resolve of targets that name none.
  public var defaultResolve = ""
  /// Where versions are kept in a Pants repository without resolves. Pants resolves requirements anew for each build; Kilt
  /// takes them from a lockfile, which "kilt lock" makes.
  public var implicitResolve: Resolve?
  /// The Python projects whose targets follow from `pyproject.toml`; nil where BUILD files declare all targets.
  public var projects: ProjectTable?
  /// Environments by name, with the addresses of the targets that describe them (Pants' `[environments-preview] names`).
  public var environmentNames: [String: String] = [:]
  /// What words and options of the command line stand for (Pants' `[cli] alias`).
  public var commandAliases: [String: [String]] = [:]
  /// How dependencies follow from source files.
  public var inference = Inference()
  /// How tests are run.
  public var testing = Testing()
  /// The tools that format and check code.
  public var linting = Linting()
  /// What is added to BUILD files.
  public var tailoring = Tailoring()
  /// Where artifacts are published.
  public var repositoryURL: String?
  /// How large the cache may grow, as in `20GB`.
  public var cacheQuota: String?
  /// The team's cache: a directory, `s3://BUCKET/PREFIX` or `http(s)://HOST/PATH`.
  public var cacheRemote: String?
  /// Keys of which one must have signed an entry of the team's cache: PEM files from the workspace root, or
  /// `ed25519:BASE64`; empty where signatures are not asked for.
  public var cacheTrustedKeys: [String] = []
  /// Files that were laid over the first one, as their paths were given.
  public var layerPaths: [String] = []
  /// Options of a `pants.toml` that Kilt does not follow.
  public var pantsNotices: [PantsOptionNotice] = []
  /// The tags that commands keep targets by, where the command line says nothing.
  public var tags: [String] = []
  /// The dependents of changed targets that are selected unless the command line sets them: none, direct or transitive.
  public var changedDependents: String?
  /// Whether targets without interpreter constraints inherit their resolve's.
  public var defaultsToResolveConstraints = false
  /// The package indexes; nil for those of pip's configuration.
  public var indexes: [String]?
  /// Whether ``indexes`` are added to those of pip's configuration.
  public var addsToDefaultIndex = false
  /// Directories and pages with files of packages, besides the indexes.
  public var findLinks: [String] = []
  /// Whether bundles warn about their cache, unless a target sets it.
  public var emitsPexWarnings: Bool?
  /// The branch that production is deployed from.
  public var mainBranch = "main"
  /// The clusters, by name.
  public var clusters: [Cluster] = []

  /// Whether the workspace has only a `pants.toml`: then Kilt accepts everything that Pants accepts.
  public var isForPants: Bool { path.hasSuffix("pants.toml") }

  /// Whether projects are searched in the workspace: not in a Pants workspace, or if it names its own lockfiles.
  var admitsProjects: Bool { !isForPants && resolves.isEmpty && implicitResolve == nil }

  /// The configuration of an empty file.
  public init() {}

  /// The resolves that have lockfiles.
  public var lockedResolves: [Resolve] {
    guard resolves.isEmpty else { return resolves }
    guard let projects else { return implicitResolve.map { [$0] } ?? [] }
    return projects.roots.map { root in
      Resolve(name: root.directory.isEmpty ? "uv" : root.directory, lockfile: root.lockfile)
    }
  }

  /// The lockfile of a resolve.
  public func lockfile(ofResolve name: String) -> String? { resolves.first { $0.name == name }?.lockfile }
}
