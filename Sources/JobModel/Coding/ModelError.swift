public import JSON

/// An invalid JSON value: the field, and the problem.
public struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The way to the field, `task.processes[0].name`; empty for the document itself.
  public var path: String
  public var problem: Problem

  public enum Problem: Sendable, Hashable {
    case notJSON(JSONError)
    case missing
    case wrongType(expected: String)
    case badValue(String, allowed: [String])
    case badKey(JobKeyError)
  }

  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  public var description: String {
    let field = path.isEmpty ? "the document" : "field \"\(path)\""
    return switch problem {
    case .notJSON(let error): "\(field) is not JSON: \(error)"
    case .missing: "\(field) is missing"
    case .wrongType(let expected): "\(field) is not \(expected)"
    case .badValue(let value, let allowed):
      "\(field) is \"\(value)\""
        + (allowed.isEmpty ? ", which is not allowed" : "; allowed: \(allowed.joined(separator: ", "))")
    case .badKey(let error): "\(field): \(error)"
    }
  }
}

/// A value that has a JSON form.
///
/// Fields that are absent or null take their defaults and unknown fields are ignored, so that a scheduler and an
/// executor of neighbouring versions understand each other. A field of the wrong type is an error.
public protocol JSONCodable {
  init(json: JSONValue) throws(ModelError)
  var json: JSONValue { get }
}
