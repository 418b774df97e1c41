// HostChecks: facts about a machine, one at a time, each with a remedy. `kilt doctor` prints them.

public import SystemSupport

/// The result of one check of a machine.
public struct Finding: Sendable, Hashable {
  /// The effect of a fact on Kilt.
  public enum Verdict: String, Sendable, Hashable, CaseIterable {
    /// Nothing to do.
    case good
    /// Something works less well; the fact says what.
    case warning
    /// Something does not work; the fact says what.
    case problem
  }

  /// The subject of the check, such as `control groups`.
  public var subject: String
  public var verdict: Verdict
  /// The fact that the check found, one clause.
  public var fact: String
  /// Imperatives, likeliest first. A finding that is not good has at least one.
  public var remedies: [String]

  public init(_ subject: String, _ verdict: Verdict, _ fact: String, remedies: [String] = []) {
    self.subject = subject
    self.verdict = verdict
    self.fact = fact
    self.remedies = remedies
  }
}

/// The files of proc(5) and sysfs(5) that checks read, below a root that tests replace.
public struct HostFiles: Sendable {
  let root: FilePath

  public init(root: FilePath = "/") { self.root = root }

  /// The path of a file of the host, given as an absolute path.
  func path(_ path: String) -> FilePath { root.appending(String(path.dropFirst())) }

  /// The text of a file without white space at its ends; nil where it does not exist.
  func text(_ path: String) throws(SystemCallError) -> String? {
    do throws(SystemCallError) {
      let text = try FileSystem.readText(self.path(path))
      return String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    } catch {
      if error.isMissing { return nil }
      throw error
    }
  }

  /// The number in a file; nil where it does not exist or holds no number.
  func number(_ path: String) throws(SystemCallError) -> Int? { try text(path).flatMap { Int($0) } }
}
