public import Digests

/// The resolved requirements of a workspace: every package, for every platform and Python version of the workspace,
/// with the installable files. It names no hosts, so that it works with any mirror.
public struct Lockfile: Sendable, Hashable {
  /// The tool whose format was read.
  public var format = LockfileFormat.kilt
  /// The Pythons it is good for.
  public var requiresPython: SpecifierSet
  /// The requested requirements, in normal form and order: they show without a network whether the lockfile is out of
  /// date.
  public var requirements: [String]
  /// Further inputs: constraints, overrides and names of excluded packages, in normal form and order.
  public var constraints: [String]
  public var overrides: [String]
  public var excludes: [String]
  /// The platforms it is good for, by name; empty means all.
  public var platforms: [String]
  /// The packages that the requirements name, as resolved.
  public var roots: [LockedDependency]
  /// By name, then version.
  public var packages: [LockedPackage]
  /// The projects of the workspace that the lock knows (uv): never installed from the lock, but followed. Their dependency
  /// groups are extras named as in ``groupExtra(_:)``.
  public var members: [LockedPackage] = []
  /// Whether markers name extras and groups that exclude each other (uv's `conflicts`).
  var hasConflicts = false
  /// Extras and dependency groups that markers of its packages can request (PEP 751); all count.
  var extras: Set<String> = []
  var dependencyGroups: Set<String> = []
  /// The only environments of the lockfile (PEP 751's `environments`, uv's `supported-markers`): one of them must be
  /// true. Empty means everywhere.
  var environments: [Marker] = []

  public init(
    requiresPython: SpecifierSet, requirements: [String], constraints: [String] = [], overrides: [String] = [],
    excludes: [String] = [], platforms: [String] = [], roots: [LockedDependency], packages: [LockedPackage]
  ) {
    self.requiresPython = requiresPython
    self.requirements = requirements
    self.constraints = constraints
    self.overrides = overrides
    self.excludes = excludes
    self.platforms = platforms
    self.roots = roots
    self.packages = packages
  }
}

extension Lockfile {
  /// The extra of a member that represents one of its dependency groups.
  static func groupExtra(_ name: String) -> String { groupPrefix + PackageName.normalize(name) }
  /// The prefix of the extras of groups.
  static let groupPrefix = "kilt-group-"
  /// The extra of a member that leaves out its own dependencies, so that only other extras count.
  static let onlyGroups = "kilt-only-groups"
  /// The member that represents the dependency groups of a workspace root without a project.
  static let rootMember = "kilt-workspace-root"
}

/// The kinds of lockfile that can be read.
public enum LockfileFormat: String, Sendable, Hashable, CaseIterable {
  /// Kilt's own, the one that is written.
  case kilt
  /// pex's format, as Pants writes it.
  case pex
  /// PEP 751.
  case pylock
  /// `uv.lock`.
  case uv
  /// A `requirements.txt` with hashes, as pip-compile writes it.
  case requirements

  /// For messages.
  public var title: String {
    switch self {
    case .kilt: "Kilt's lockfile"
    case .pex: "a lockfile of pex"
    case .pylock: "a lockfile of PEP 751"
    case .uv: "a lockfile of uv"
    case .requirements: "a requirements file with hashes"
    }
  }

  /// Whether it lists the dependencies of each package. For others, the metadata of the wheels does: PEP 751 forbids
  /// relying on its optional dependencies.
  public var hasDependencies: Bool {
    switch self {
    case .kilt, .pex, .uv: true
    case .pylock, .requirements: false
    }
  }

  /// Whether it records its inputs.
  public var hasRequest: Bool { self == .kilt || self == .pex }
}

/// A package at one version.
public struct LockedPackage: Sendable, Hashable {
  public var name: PackageName
  /// The index's spelling in normal form; empty if only its source can tell.
  public var version: String
  /// The environments of this version, if the lockfile has several versions of the package; nil means everywhere.
  public var marker: Marker?
  public var dependencies: [LockedDependency]
  /// Further dependencies by extra.
  public var extras: [String: [LockedDependency]]
  /// The source, if it is not from an index.
  public var source: PackageSource?
  /// By file name.
  public var files: [LockedFile]
  /// The digests of its files, where the lock does not name the files: the index is asked which ones they are.
  public var unnamedFiles: [SHA256Digest]

  public init(
    name: PackageName, version: String, marker: Marker? = nil, dependencies: [LockedDependency] = [],
    extras: [String: [LockedDependency]] = [:], source: PackageSource? = nil, files: [LockedFile] = [],
    unnamedFiles: [SHA256Digest] = []
  ) {
    self.name = name
    self.version = version
    self.marker = marker
    self.dependencies = dependencies
    self.extras = extras
    self.source = source
    self.files = files
    self.unnamedFiles = unnamedFiles
  }

  /// For messages: `requests 2.32.5`.
  public var title: String { version.isEmpty ? name.text : "\(name) \(version)" }
}

/// An edge between packages.
public struct LockedDependency: Sendable, Hashable {
  public var name: PackageName
  /// The version of the package; nil if the lockfile has only one.
  public var version: String?
  public var extras: [String]
  /// The environments of the dependency; nil means everywhere.
  public var marker: Marker?

  public init(name: PackageName, version: String? = nil, extras: [String] = [], marker: Marker? = nil) {
    self.name = name
    self.version = version
    self.extras = extras
    self.marker = marker
  }
}

/// A file of an index, or of the workspace.
public struct LockedFile: Sendable, Hashable {
  public var name: String
  /// In bytes; not every index says it.
  public var size: Int64?
  public var sha256: SHA256Digest

  public init(name: String, size: Int64?, sha256: SHA256Digest) {
    self.name = name
    self.size = size
    self.sha256 = sha256
  }

  /// The wheel's name in parts; nil for a source distribution.
  public var wheel: WheelFileName? { WheelFileName(name) }

  /// Whether it is an sdist (PEP 625, and the older zip files).
  public var isSourceDistribution: Bool { Self.isSourceDistribution(name) }

  static func isSourceDistribution(_ name: String) -> Bool {
    [".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"].contains { name.hasSuffix($0) }
  }
}
