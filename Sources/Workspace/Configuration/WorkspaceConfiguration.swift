// Workspace: where the workspace is, what it is configured to be, which files it has, and what git says about them.

public import PythonProjects

/// What `kilt.toml`, or `pants.toml` where there is no other, says about a workspace.
public struct WorkspaceConfiguration: Sendable {
  /// A resolve: a set of third-party versions that fit together, with its lockfile.
  public struct Resolve: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The lockfile, from the workspace root.
    public var lockfile: String
    /// What else is said of it.
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

  /// Which `__init__.py` files a Python file depends on.
  public enum InitFiles: String, Sendable, CaseIterable {
    case never
    /// Those with something in them.
    case contentOnly = "content_only"
    case always
  }

  /// What happens with an import that nothing in the workspace provides.
  public enum UnownedImports: String, Sendable, CaseIterable {
    case ignore
    case warning
    case error
  }

  /// How several providers of one module are told apart.
  public enum AmbiguityResolution: String, Sendable, CaseIterable {
    case none
    /// The provider under the importing file's own source root wins.
    case bySourceRoot = "by_source_root"
  }

  /// What happens where `sources` names a file that is not there, or has a glob that matches none.
  public enum UnmatchedFiles: String, Sendable, CaseIterable {
    case ignore
    case warn
    case error
  }

  /// `[python.infer]`: how dependencies follow from source files.
  public struct Inference: Sendable, Hashable {
    /// Whether imports are dependencies.
    public var imports = true
    /// Whether strings that look like dotted names are imports, for which nothing happens where nothing provides them.
    public var stringImports = false
    /// How many dots such a string has at least.
    public var stringImportsMinimumDots = 2
    /// Strings that are no imports: patterns with `*`, `?` and `[…]` for the whole string.
    public var stringImportIgnore: [String] = []
    /// Whether strings that are paths of `resource` and `file` targets are dependencies.
    public var assets = false
    /// How many slashes such a string has at least.
    public var assetsMinimumSlashes = 1
    /// Which `__init__.py` files in a file's directory and above are dependencies.
    public var initFiles = InitFiles.contentOnly
    /// Which `__init__.py` files programs see above their files: all there are, unless `init_files` says otherwise.
    public var packedInitFiles = InitFiles.always
    /// Whether the `conftest.py` files in a test's directory and above are dependencies.
    public var conftests = true
    /// Whether what `entry_point` and `entry_points` name is a dependency.
    public var entryPoints = true
    /// What happens with an import that nothing in the workspace provides.
    public var unownedImports = UnownedImports.warning
    /// How several providers of one module are told apart.
    public var ambiguityResolution = AmbiguityResolution.none
    /// Imports, with all below them, that nothing in the workspace need provide.
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
  /// What is no part of the workspace, in the form of `.gitignore`, besides what git ignores.
  public var ignore: [String] = []
  /// The names of BUILD files.
  public var buildPatterns = ["BUILD", "BUILD.*"]
  /// Directories and files in which BUILD files are not looked for, in the form of `.gitignore`.
  public var buildIgnore: [String] = []
  /// What happens where `sources` selects nothing; nil for an error where a file is named, and a warning where all globs
  /// match none.
  public var unmatchedFiles: UnmatchedFiles?
  /// Whether unknown target types only hold their dependencies, instead of being errors.
  public var ignoresUnknownTargetTypes = false
  /// The files with macros for all BUILD files.
  public var preludeGlobs: [String] = []
  /// Directories, from the workspace root, with Pants plugins of the repository's own: what target types and fields they
  /// define is no error.
  public var pluginPaths: [String] = []
  /// Pants plugins from an index, as requirements: nothing is known of what they define.
  public var plugins: [String] = []
  /// The interpreters of targets that name none.
  public var interpreterConstraints: [String] = []
  /// The minor version of Python, as in `3.11`, that bundles are made for where the constraints admit several; nil takes
  /// the first interpreter that is found.
  public var pythonVersion: String?
  /// The resolves, by name; without any, targets are not told apart by resolve.
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
  /// Which dependents of changed targets are selected, where the command line says nothing: none, direct or transitive.
  public var changedDependents: String?
  /// Whether targets without interpreter constraints have those of their resolve.
  public var defaultsToResolveConstraints = false
  /// The package indexes; nil for those of pip's configuration.
  public var indexes: [String]?
  /// Whether ``indexes`` are asked beside those of pip's configuration.
  public var addsToDefaultIndex = false
  /// Folders and pages with files of packages, beside the indexes.
  public var findLinks: [String] = []
  /// Whether bundles warn about their cache, where a target does not say so.
  public var emitsPexWarnings: Bool?
  /// The branch that production is deployed from.
  public var mainBranch = "main"
  /// The clusters, by name.
  public var clusters: [Cluster] = []

  /// Whether the workspace has nothing but a `pants.toml`: what Pants takes, is taken then.
  public var isForPants: Bool { path.hasSuffix("pants.toml") }

  /// Whether projects may be found in the workspace: not where it is one of Pants, or names its own lockfiles.
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
