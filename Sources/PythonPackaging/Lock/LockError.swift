public import Diagnostics

/// The problem of a lockfile, or of a question to it.
public enum LockError: DiagnosableError, Hashable {
  /// Not a lockfile of a kind we read.
  case unreadable(path: String, line: Int?, reason: String)
  /// A requirement's text.
  case badRequirement(String, offset: Int, expected: String)
  /// The lock does not have a package that is required.
  case notLocked(name: String, path: String, suggestions: [String])
  /// The lock is for other Pythons.
  case wrongPython(target: String, requires: String, path: String)
  /// The lock is for other platforms.
  case wrongPlatform(target: String, platforms: [String], path: String)
  /// The lock has the package, but for other environments.
  case notForTarget(name: String, target: String, path: String)
  /// A package that another one requires, and that the lock does not have.
  case missingDependency(name: String, of: String, target: String, path: String)
  /// Requirements that were changed without locking again.
  case outOfDate(path: String, changes: [String])
  /// uv found no set of packages that fits.
  case unsatisfiable(explanation: [String])
  /// A requirement that cannot be locked, with a remedy.
  case refusedRequirement(String, reason: String, remedy: String)
  /// Another tool's lockfile, which is not written over.
  case foreign(path: String, format: LockfileFormat)
  /// uv could not do its work.
  case resolverFailed(summary: String, notes: [String])

  public var diagnostic: Diagnostic {
    switch self {
    case .unreadable(let path, let line, let reason):
      return Diagnostic(
        .input, "cannot read the lockfile \"\(path)\": \(reason)",
        at: line.map { SourceLocation(path: path, line: $0) }, remedies: ["run `kilt lock` to write it again"])
    case .badRequirement(let text, let offset, let expected):
      return Diagnostic(
        .input, "invalid requirement \"\(text)\"", notes: ["expected \(expected) at column \(offset + 1)"],
        remedies: ["write it as in \"requests[socks]>=2.31,<3\" (PEP 508)"])
    case .notLocked(let name, let path, let suggestions):
      let near =
        suggestions.isEmpty ? [] : ["did you mean \(suggestions.map { "\"\($0)\"" }.joined(separator: " or "))?"]
      return Diagnostic(
        .input, "the requirement \"\(name)\" is not in \"\(path)\"",
        remedies: near + ["add it to the requirements, then run `kilt lock`"])
    case .wrongPython(let target, let requires, let path):
      return Diagnostic(
        .input, "\"\(path)\" is for Python \(requires), not for \(target)",
        remedies: ["change the interpreter constraints, then run `kilt lock`"])
    case .wrongPlatform(let target, let platforms, let path):
      return Diagnostic(
        .input, "\"\(path)\" is for \(platforms.joined(separator: ", ")), not for \(target)",
        remedies: ["add the platform to the platforms of the resolve, then run `kilt lock`"])
    case .notForTarget(let name, let target, let path):
      return Diagnostic(.input, "\"\(path)\" has \"\(name)\", but not for \(target)")
    case .missingDependency(let name, let package, let target, let path):
      return Diagnostic(
        .input, "\"\(path)\" lacks \"\(name)\", which \(package) requires on \(target)",
        remedies: ["lock again with the tool that created the file, or run `kilt lock --convert`"])
    case .outOfDate(let path, let changes):
      return Diagnostic(.input, "\"\(path)\" is out of date", notes: changes, remedies: ["run `kilt lock`"])
    case .unsatisfiable(let explanation):
      return Diagnostic(.input, "the requirements conflict", notes: explanation)
    case .refusedRequirement(let text, let reason, let remedy):
      return Diagnostic(.input, "cannot lock the requirement \"\(text)\": \(reason)", remedies: [remedy])
    case .foreign(let path, let format):
      return Diagnostic(
        .input, "\"\(path)\" is \(format.title), which `kilt lock` does not write",
        notes: ["Kilt uses the file unchanged; the tool that created it can update it"],
        remedies: ["run `kilt lock --convert` to replace it by one of Kilt's own, with the same versions"])
    case .resolverFailed(let summary, let notes):
      return Diagnostic(
        .environment, summary, notes: notes,
        remedies: ["check the network, and run `pip config list` to check the package index of pip's configuration"])
    }
  }
}
