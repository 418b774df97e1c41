public import Diagnostics

/// The rights of a caller.
public enum AccessRight: Sendable, Hashable, CustomStringConvertible {
  /// Read everything: jobs, logs, files of sandboxes, metrics, the audit trail.
  case read
  /// Create, change and end the jobs of a role and stage, and read them. `*` is any role or stage.
  case deploy(role: String, stage: String)
  /// Everything, tokens included.
  case admin

  /// Parses `read`, `deploy ROLE/STAGE` or `admin`.
  public init(parsing text: String) throws(Diagnostic) {
    let words = text.split(separator: " ").map(String.init)
    switch words.first {
    case "read" where words.count == 1: self = .read
    case "admin" where words.count == 1: self = .admin
    case "deploy" where words.count == 2:
      let parts = words[1].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, parts.allSatisfy(Self.isName) else { throw Self.unknown(text) }
      self = .deploy(role: parts[0], stage: parts[1])
    default: throw Self.unknown(text)
    }
  }

  public var description: String {
    switch self {
    case .read: "read"
    case .deploy(let role, let stage): "deploy \(role)/\(stage)"
    case .admin: "admin"
    }
  }

  private static func isName(_ text: String) -> Bool {
    if text == "*" { return true }
    return !text.isEmpty && text != "." && text != ".."
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  private static func unknown(_ text: String) -> Diagnostic {
    Diagnostic(
      .input, "unknown right \"\(text)\"",
      remedies: ["name one of: read, \"deploy ROLE/STAGE\" (* for any role or stage), admin"])
  }
}

/// The right that a request needs, by its method and path.
public enum RequiredAccess: Sendable, Hashable {
  /// Anybody can ask.
  case nothing
  /// Any caller that is known.
  case identity
  /// The right to read everything.
  case read
  /// The right to read the jobs of a role and stage.
  case readJob(role: String, stage: String)
  /// The right to deploy to some role and stage; which one is in the request's body.
  case deploySomewhere
  case deploy(role: String, stage: String)
  case admin

  /// Whether these rights are sufficient.
  public func isMet(by rights: Set<AccessRight>) -> Bool {
    if rights.contains(.admin) { return true }
    switch self {
    case .nothing: return true
    case .identity: return !rights.isEmpty
    case .read: return rights.contains(.read)
    case .readJob(let role, let stage): return rights.contains(.read) || Self.deploys(rights, role, stage)
    case .deploySomewhere: return rights.contains { if case .deploy = $0 { true } else { false } }
    case .deploy(let role, let stage): return Self.deploys(rights, role, stage)
    case .admin: return false
    }
  }

  /// The right that would be enough, as a person reads it.
  public var wanted: String {
    switch self {
    case .nothing: "no right"
    case .identity: "any right"
    case .read: "the right \"read\""
    case .readJob(let role, let stage): "the right \"read\" or \"deploy \(role)/\(stage)\""
    case .deploySomewhere: "a right \"deploy ROLE/STAGE\""
    case .deploy(let role, let stage): "the right \"deploy \(role)/\(stage)\""
    case .admin: "the right \"admin\""
    }
  }

  private static func deploys(_ rights: Set<AccessRight>, _ role: String, _ stage: String) -> Bool {
    rights.contains { right in
      guard case .deploy(let ownRole, let ownStage) = right else { return false }
      return (ownRole == "*" || ownRole == role) && (ownStage == "*" || ownStage == stage)
    }
  }
}
