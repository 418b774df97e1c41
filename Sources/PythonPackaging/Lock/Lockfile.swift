public import Digests

/// What a workspace's requirements come to: every package, for every platform and Python version of the workspace, with
/// the files that may be installed. It names no hosts, so that it serves behind any mirror.
public struct Lockfile: Sendable, Hashable {
  /// The Pythons it is good for.
  public var requiresPython: SpecifierSet
  /// What was asked for, in normal form and order: tells whether the lock is out of date without a network.
  public var requirements: [String]
  /// What was asked for further: constraints and overrides, in normal form and order.
  public var constraints: [String]
  public var overrides: [String]
  /// The packages that the requirements name, as resolved.
  public var roots: [LockedDependency]
  /// By name, then version.
  public var packages: [LockedPackage]

  public init(
    requiresPython: SpecifierSet, requirements: [String], constraints: [String] = [], overrides: [String] = [],
    roots: [LockedDependency], packages: [LockedPackage]
  ) {
    self.requiresPython = requiresPython
    self.requirements = requirements
    self.constraints = constraints
    self.overrides = overrides
    self.roots = roots
    self.packages = packages
  }
}

/// A package at one version.
public struct LockedPackage: Sendable, Hashable {
  public var name: PackageName
  /// As the index spells it in normal form.
  public var version: String
  /// Where this version is meant, when the lock holds several of the package; nil means everywhere.
  public var marker: Marker?
  public var dependencies: [LockedDependency]
  /// Further dependencies by extra.
  public var extras: [String: [LockedDependency]]
  /// A package that is not from an index: `git+URL@COMMIT`, or the URL of an archive; nil for an index's.
  public var source: String?
  /// By file name.
  public var files: [LockedFile]

  public init(
    name: PackageName, version: String, marker: Marker? = nil, dependencies: [LockedDependency] = [],
    extras: [String: [LockedDependency]] = [:], source: String? = nil, files: [LockedFile] = []
  ) {
    self.name = name
    self.version = version
    self.marker = marker
    self.dependencies = dependencies
    self.extras = extras
    self.source = source
    self.files = files
  }
}

/// An edge between packages.
public struct LockedDependency: Sendable, Hashable {
  public var name: PackageName
  /// Which version of the package; nil when the lock has one only.
  public var version: String?
  public var extras: [String]
  /// Where the dependency exists; nil means everywhere.
  public var marker: Marker?

  public init(name: PackageName, version: String? = nil, extras: [String] = [], marker: Marker? = nil) {
    self.name = name
    self.version = version
    self.extras = extras
    self.marker = marker
  }
}

/// A file of an index.
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

  /// Whether it is a source distribution (PEP 625, and the older zip files).
  public var isSourceDistribution: Bool { name.hasSuffix(".tar.gz") || name.hasSuffix(".zip") }
}
