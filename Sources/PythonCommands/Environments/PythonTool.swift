internal import BuildCommands
internal import Diagnostics
internal import PythonPackaging
internal import SystemSupport
internal import Workspace

/// A distribution that Kilt itself needs beside the code: from the workspace's lockfile if it has one, else from a
/// small lockfile of Kilt's own in its cache, which is created at its first use.
enum PythonTool: String, CaseIterable {
  case pytest
  case coverage

  var packageName: PackageName {
    guard let name = PackageName(rawValue) else { preconditionFailure("the names of tools are names") }
    return name
  }

  /// The requirement if the workspace's lockfile does not have it.
  private var requirement: String {
    switch self {
    case .pytest: "pytest>=7,<10"
    case .coverage: "coverage>=7,<8"
    }
  }

  /// The lock of Kilt's own, resolved with uv the first time.
  ///
  /// - Throws: ``LockError`` when it has to be made and cannot, `Diagnostic`.
  func ownLock(
    cache: FilePath, finder: InterpreterFinder, python: Interpreter, override: IndexConfiguration.Override?
  ) throws -> Lockfile {
    try OwnLock(cache: cache, override: override).lockfile(
      "\(rawValue)-1", of: [try Requirement(requirement)], requiresPython: SpecifierSet(">=3.8") ?? SpecifierSet(),
      python: python, others: finder.all().map(\.path),
      remedy: "add \(rawValue) to the requirements of the workspace and run `kilt lock`")
  }
}
