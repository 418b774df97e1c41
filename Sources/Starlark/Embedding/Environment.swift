/// The names that a file can use without defining them, in addition to the built-in functions of the language.
///
/// The values are frozen when they are added, so one environment serves many evaluations on many threads.
public struct Environment: Sendable {
  private(set) var values: [String: Value]

  /// An environment of these names, over the language's own.
  public init(_ values: [String: Value] = [:]) {
    self.values = values
    for value in values.values { value.freeze() }
  }

  /// The value of a name, without the language's own.
  public subscript(name: String) -> Value? { values[name] }

  /// This environment with more names; the new ones win.
  public func adding(_ more: [String: Value]) -> Environment {
    for value in more.values { value.freeze() }
    var copy = self
    copy.values.merge(more) { $1 }
    return copy
  }

  func lookUp(_ name: String) -> Value? { values[name] ?? Universe.values[name] }

  var names: [String] { Array(values.keys) + Universe.values.keys }
}
