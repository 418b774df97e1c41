import Digests
import HTTPClient
import SystemSupport

/// The inputs of a lockfile.
public struct LockRequest: Sendable, Hashable {
  public var requirements: [Requirement]
  /// Versions that must hold where a package is used at all.
  public var constraints: [Requirement]
  /// Versions that replace the requirements that packages declare.
  public var overrides: [Requirement]
  /// Packages that are left out, whoever requires them.
  public var excludes: [PackageName]
  /// The Pythons of the workspace.
  public var requiresPython: SpecifierSet
  /// The platforms by name, as ``WheelPlatform`` reads them; empty means all.
  public var platforms: [String]
  /// Packages for which no wheel, or only a wheel, is used; `:all:` means every package.
  public var noBinary: Set<String>
  public var onlyBinary: Set<String>
  /// The SHA-256 digests, in hexadecimal, of the files that are accepted of a package; those that are not named have no
  /// such list.
  public var hashes: [PackageName: Set<String>]

  public init(
    requirements: [Requirement], constraints: [Requirement] = [], overrides: [Requirement] = [],
    excludes: [PackageName] = [], requiresPython: SpecifierSet, platforms: [String] = [], noBinary: Set<String> = [],
    onlyBinary: Set<String> = [], hashes: [PackageName: Set<String>] = [:]
  ) {
    self.requirements = requirements
    self.constraints = constraints
    self.overrides = overrides
    self.excludes = excludes
    self.requiresPython = requiresPython
    self.platforms = platforms
    self.noBinary = noBinary
    self.onlyBinary = onlyBinary
    self.hashes = hashes
  }

  var requirementTexts: [String] { Set(requirements.map(\.description)).sorted() }
  var constraintTexts: [String] { Set(constraints.map(\.description)).sorted() }
  var overrideTexts: [String] { Set(overrides.map(\.description)).sorted() }
  var excludeTexts: [String] { Set(excludes.map(\.text)).sorted() }

  /// The files of a package that its rules admit.
  func allowed(_ files: [LockedFile], of name: PackageName) -> [LockedFile] {
    func holds(_ set: Set<String>) -> Bool { set.contains(name.text) || set.contains(":all:") }
    let files = hashes[name].map { accepted in files.filter { accepted.contains($0.sha256.hex) } } ?? files
    let isSourceOnly = noBinary.contains(name.text) || holds(noBinary) && !onlyBinary.contains(name.text)
    if isSourceOnly { return files.filter { $0.wheel == nil } }
    return holds(onlyBinary) ? files.filter { $0.wheel != nil } : files
  }

  /// The variables of the environment that URLs name as pip has them, `${NAME}`, put in.
  ///
  /// - Throws: ``LockError/refusedRequirement(_:reason:remedy:)`` for one that is not set.
  static func expanded(
    _ requirement: Requirement, environment: (String) -> String? = environmentVariable
  ) throws(LockError) -> Requirement {
    guard let url = requirement.url, url.contains("${") else { return requirement }
    var result = requirement, text = ""
    var rest = url[...]
    while let start = rest.range(of: "${")?.lowerBound, let end = rest[start...].firstIndex(of: "}") {
      let name = String(rest[start..<end].dropFirst(2))
      guard let value = environment(name), !value.isEmpty else {
        throw .refusedRequirement(
          "\(requirement.name) @ \(redactedURL(url))", reason: "the variable \(name) is not set",
          remedy: "set it in the environment")
      }
      text += rest[..<start] + value
      rest = rest[rest.index(after: end)...]
    }
    result.url = text + rest
    return result
  }

  /// Refuses requirements that must not end up in a lockfile.
  ///
  /// - Throws: ``LockError/refusedRequirement(_:reason:remedy:)`` without showing a password.
  func check() throws(LockError) {
    for written in requirements + constraints + overrides {
      let requirement = try Self.expanded(written)
      guard let url = requirement.url else { continue }
      let shown = "\(requirement.name) @ \(redactedURL(url))"
      if Self.hasPassword(url) {
        throw .refusedRequirement(
          shown, reason: "its URL contains a password",
          remedy: "move the password from the URL to ~/.netrc or a credential helper of git")
      }
      let plain = url.hasPrefix("git+") ? String(url.dropFirst(4)) : url
      let isLocal = url.hasPrefix("file:")
      let isArchive = url.hasPrefix("http://") || url.hasPrefix("https://")
      if !isLocal, !isArchive, !(url.hasPrefix("git+") && PackageSource.isFetchable(plain)) {
        throw .refusedRequirement(
          shown, reason: "its URL is not supported",
          remedy: "write git+https://…@TAG, git+ssh://…@TAG, https://…/FILE.whl, or file:DIR relative to the workspace"
        )
      }
    }
  }

  /// Whether the user information of a URL has a password, or a token in its place.
  private static func hasPassword(_ url: String) -> Bool {
    guard let start = url.range(of: "://")?.upperBound else { return false }
    let authority = url[start...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard let at = authority.lastIndex(of: "@") else { return false }
    return authority[..<at].contains(":") || !url.hasPrefix("git+ssh://")
  }
}

extension Lockfile {
  /// The differences between the lockfile and its requirements; empty if it is up to date.
  ///
  /// For lockfiles that do not record their inputs, checks whether they contain the requirements.
  public func staleness(against request: LockRequest) -> [String] {
    guard format.hasRequest else { return unmet(by: request) }
    var changes: [String] = []
    func compare(_ what: String, _ locked: [String], _ wanted: [String]) {
      for text in Set(wanted).subtracting(locked).sorted() { changes.append("\(what) \"\(text)\" is not locked") }
      for text in Set(locked).subtracting(wanted).sorted() { changes.append("\(what) \"\(text)\" was removed") }
    }
    compare("the requirement", requirements, request.requirementTexts)
    compare("the constraint", constraints, request.constraintTexts)
    compare("the override", overrides, request.overrideTexts)
    compare("the exclusion of", excludes, request.excludeTexts)
    compare("the platform", platforms, request.platforms)
    let isForPythons =
      format == .kilt
      ? requiresPython.description == request.requiresPython.description : admitsPythons(of: request)
    if !isForPythons {
      changes.append("it is for Python \(requiresPython), expected \(request.requiresPython)")
    }
    for package in packages where request.allowed(package.files, of: package.name) != package.files {
      let rule =
        request.hashes[package.name] == nil ? "no_binary or only_binary forbids" : "the rules of its requirement forbid"
      changes.append("\(package.name) has files that \(rule)")
    }
    return changes
  }

  /// The requirements that are missing, in any lockfile.
  private func unmet(by request: LockRequest) -> [String] {
    var problems: [String] = []
    for requirement in request.requirements.sorted(by: { $0.description < $1.description }) {
      let locked = packages.filter { $0.name == requirement.name }
      let fits = locked.contains { package in
        if requirement.url != nil { return package.source != nil }
        guard let version = Version(package.version) else { return true }
        return requirement.specifiers.contains(version, preReleases: true)
      }
      guard !fits else { continue }
      let versions = locked.map(\.version).joined(separator: ", ")
      problems.append(
        "the requirement \"\(requirement)\" is not locked" + (locked.isEmpty ? "" : ": it has version \(versions)"))
    }
    if !admitsPythons(of: request) {
      problems.append("it is for Python \(requiresPython), expected \(request.requiresPython)")
    }
    return problems
  }

  /// Whether the lockfile supports every wanted minor version of Python that exists.
  private func admitsPythons(of request: LockRequest) -> Bool {
    func admits(_ set: SpecifierSet, _ minor: UInt64) -> Bool {
      InterpreterConstraint(specifiers: set).mayAdmit(major: 3, minor: minor)
    }
    return (6...20).allSatisfy { !admits(request.requiresPython, $0) || admits(requiresPython, $0) }
  }
}
