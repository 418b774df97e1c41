public import Diagnostics
public import Digests

/// Why a file cannot be had.
public enum IndexError: DiagnosableError, Hashable {
  /// No interpreter that has pip, whose configuration says where packages come from.
  case noPip(tried: [String])
  /// A package that has no wheel for a target.
  case noWheel(package: String, target: String, wanted: [String], offered: [String], hasSource: Bool)
  /// A source that was built for a target that is not this machine, and the wheel does not fit it.
  case builtForOther(package: String, wheel: String, target: String, wanted: [String])
  /// A package whose files the lock names by hash only, and no index has one of them.
  case noFiles(package: String, lookedAt: [String])
  /// A package from a place of its own that cannot be brought here.
  case sourceFailed(package: String, source: String, notes: [String])
  /// A file that no index and no directory has. URLs are without credentials.
  case notFound(file: String, lookedAt: [String])
  /// A file whose bytes are not those that were locked.
  case hashMismatch(file: String, locked: SHA256Digest, found: String, source: String)
  /// Not a page of a simple repository.
  case badPage(url: String, reason: String)
  /// A wheel that does not state its requirements.
  case badWheel(file: String, reason: String)
  /// A source distribution that does not become a wheel.
  case buildFailed(file: String, notes: [String])

  public var diagnostic: Diagnostic {
    switch self {
    case .noPip(let tried):
      return Diagnostic(
        .environment, "no Python with pip found; Kilt reads the package index from pip's configuration", notes: tried,
        remedies: ["run `apt-get install python3-pip`"])
    case .noWheel(let package, let target, let wanted, let offered, let hasSource):
      return Diagnostic(
        .input, "\(package) has no wheel for \(target)",
        notes: ["wanted, best first: " + wanted.joined(separator: ", ")]
          + (offered.isEmpty ? ["the lockfile has no wheel of it"] : ["offered:"] + offered.map { "  \($0)" })
          + (hasSource ? ["it has an sdist, which can be built for this machine only"] : []),
        remedies: [
          "require a version with a wheel, or build the wheel and add it to find-links or the package index, "
            + "then run `kilt lock`"
        ])
    case .builtForOther(let package, let wheel, let target, let wanted):
      return Diagnostic(
        .input, "the sdist of \(package) does not build into a wheel for \(target)",
        notes: ["wanted, best first: " + wanted.joined(separator: ", "), "built: \(wheel)"],
        remedies: ["build the wheel there, add it to find-links or the package index, then run `kilt lock`"])
    case .noFiles(let package, let lookedAt):
      return Diagnostic(
        .environment, "no package index has a file of \(package) with one of the locked hashes",
        notes: lookedAt.map { "checked \($0)" },
        remedies: ["run `pip config list` to check the package index of pip's configuration"])
    case .sourceFailed(let package, let source, let notes):
      return Diagnostic(
        .environment, "cannot fetch \(package) from \"\(source)\"", notes: notes,
        remedies: ["run `git ls-remote` to check that it exists and that you can read it, then try again"])
    case .notFound(let file, let lookedAt):
      return Diagnostic(
        .environment, "no package index has \"\(file)\"", notes: lookedAt.map { "checked \($0)" },
        remedies: ["run `pip config list` to check the package index of pip's configuration, or run `kilt lock` again"])
    case .hashMismatch(let file, let locked, let found, let source):
      return Diagnostic(
        .input, "\"\(file)\" is not the file that was locked",
        notes: ["locked sha256:\(locked.hex)", "found \(found)", "from \(source)"],
        remedies: ["find out why the file changed; if the change is intended, run `kilt lock`"])
    case .badPage(let url, let reason):
      return Diagnostic(.environment, "\"\(url)\" is not a page of a package index", notes: [reason])
    case .badWheel(let file, let reason):
      return Diagnostic(.input, "cannot use the wheel \"\(file)\": \(reason)")
    case .buildFailed(let file, let notes):
      return Diagnostic(
        .work, "\"\(file)\" does not build into a wheel", notes: notes,
        remedies: [
          "install the tools that its build needs, or require a version with a wheel",
          "a build in a sandbox has no network: add a wheel that was built elsewhere to the workspace, and require it "
            + "as \"NAME @ file:DIR/FILE.whl\"",
        ])
    }
  }
}
