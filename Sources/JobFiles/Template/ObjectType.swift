import Starlark

/// A type of Aurora's configuration objects, or one that a file declares with `class`: its fields and their kinds.
///
/// Types are compared by identity; Pystachio compares them by their signature.
final class ObjectType: Sendable {
  struct Field: Sendable {
    var name: String
    var kind: ObjectKind
    var isRequired = false
    /// The value of the field if it is not given.
    var defaultValue: Value?
    /// A field whose text goes to the host as it is written, without variables.
    var advice: String?
  }

  let name: String
  let fields: [Field]
  /// A profile: any field, of any kind.
  let isOpen: Bool
  /// Whether a file declared it: its fields are read by calling them, as in Pystachio.
  let isDeclared: Bool
  private let positions: [String: Int]

  init(_ name: String, _ fields: [Field], isOpen: Bool = false, isDeclared: Bool = false) {
    self.name = name
    self.fields = fields
    self.isOpen = isOpen
    self.isDeclared = isDeclared
    positions = Dictionary(fields.enumerated().map { ($1.name, $0) }) { _, last in last }
  }

  subscript(field: String) -> Field? { positions[field].map { fields[$0] } }

  func kind(of field: String) -> ObjectKind? { self[field]?.kind }
}

/// The kinds of values of a field.
indirect enum ObjectKind: Sendable {
  /// A text; numbers are accepted as their text.
  case string
  case integer
  case number
  /// Seconds: whole in Aurora; a fraction is Kilt's own.
  case seconds
  /// Bytes: a number, or a text such as "256MB".
  case size
  case boolean
  /// One of these texts.
  case choice(name: String, values: [String])
  case object(ObjectType)
  case list(ObjectKind)
  case map(ObjectKind, ObjectKind)
  /// The first of these that accepts the value.
  case anyOf([ObjectKind])
  /// The contents of a profile.
  case any
}
