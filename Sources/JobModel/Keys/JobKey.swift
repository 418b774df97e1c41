// JobModel: jobs, tasks, processes, health checks and updates as values, with their JSON. Names and meaning are Apache
// Aurora's. This module does no I/O, has no clock, and decides nothing.

/// The name of a job everywhere: in paths, discovery, metrics and logs. Printed `cluster/role/stage/name`.
///
/// Aurora calls the third component "environment".
public struct JobKey: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var cluster: String
  /// The user the job's processes run as.
  public var role: String
  /// `devel`, `test`, `staging`, `prod`: named explicitly, never defaulted.
  public var stage: String
  public var name: String

  /// Accepts any components; `problem` reports invalid ones.
  public init(cluster: String, role: String, stage: String, name: String) {
    self.cluster = cluster
    self.role = role
    self.stage = stage
    self.name = name
  }

  /// Parses `cluster/role/stage/name`.
  public init(parsing text: String) throws(JobKeyError) {
    let parts = text.split(separator: "/" as Character, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4 else { throw JobKeyError(text: text, problem: .componentCount(parts.count)) }
    self.init(cluster: parts[0], role: parts[1], stage: parts[2], name: parts[3])
    if let problem { throw JobKeyError(text: text, problem: problem) }
  }

  public var description: String { "\(cluster)/\(role)/\(stage)/\(name)" }

  /// The first reason why this key is unusable as a path and a metric tag, or nil.
  public var problem: JobKeyError.Problem? {
    for (label, value) in [("cluster", cluster), ("role", role), ("stage", stage), ("name", name)]
    where !JobKey.isIdentifier(value) {
      return .badComponent(name: label, value: value)
    }
    return nil
  }

  /// Aurora's identifiers: letters, digits, `_`, `.`, `-`, at most 255 bytes; and not `.` or `..`, which are paths.
  public static func isIdentifier(_ text: String) -> Bool {
    guard !text.isEmpty, text.utf8.count <= 255, text != ".", text != ".." else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }

  public static func < (left: JobKey, right: JobKey) -> Bool {
    (left.cluster, left.role, left.stage, left.name) < (right.cluster, right.role, right.stage, right.name)
  }
}

/// A text that is not a job key.
public struct JobKeyError: Error, Hashable, CustomStringConvertible {
  public enum Problem: Sendable, Hashable, CustomStringConvertible {
    case componentCount(Int)
    case badComponent(name: String, value: String)

    public var description: String {
      switch self {
      case .componentCount(let count): "it has \(count) of the 4 parts cluster/role/stage/name"
      case .badComponent(let name, let value):
        "its \(name) \"\(value)\" is not an identifier (letters, digits, \"_\", \".\", \"-\")"
      }
    }
  }

  public var text: String
  public var problem: Problem

  public var description: String { "invalid job key \"\(text)\": \(problem)" }
}

/// One instance of a job: a number in `0..<instances`. Printed `cluster/role/stage/name/0`.
public struct InstanceKey: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var job: JobKey
  public var instance: Int

  public init(job: JobKey, instance: Int) {
    self.job = job
    self.instance = instance
  }

  public var description: String { "\(job)/\(instance)" }

  public static func < (left: InstanceKey, right: InstanceKey) -> Bool {
    (left.job, left.instance) < (right.job, right.instance)
  }
}
