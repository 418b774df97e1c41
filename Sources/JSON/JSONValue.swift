/// A JSON document or a part of it (RFC 8259). Objects keep the order of their members.
///
/// Ours because Foundation's coders cost 7 ms at each start and forget the order that a deterministic file needs.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  /// A number written without fraction and exponent that fits 64 bits.
  case int(Int64)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// The member of an object by name; nil for anything else.
  public subscript(_ name: String) -> JSONValue? {
    if case .object(let object) = self { object[name] } else { nil }
  }

  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
  public var isNull: Bool { self == .null }

  /// The number when it is integral and fits 64 bits.
  public var int: Int64? {
    switch self {
    case .int(let value): value
    case .double(let value): Int64(exactly: value)
    default: nil
    }
  }

  /// The number as a floating-point value.
  public var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The strings of an array of strings; nil when it is anything else.
  public var strings: [String]? {
    guard let array else { return nil }
    let strings = array.compactMap(\.string)
    return strings.count == array.count ? strings : nil
  }

  /// An array of strings.
  public static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map { .string($0) }) }

  /// An object with these members, in this order.
  public static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(JSONObject(members.map { ($0.key, $0.value) }))
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByFloatLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .int(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

/// The members of a JSON object in their order; names are unique.
public struct JSONObject: Sendable, Hashable, Sequence {
  public private(set) var members: [(name: String, value: JSONValue)] = []
  /// Positions by name; built only for objects large enough that a search in line costs more.
  private var index: [Name: Int] = [:]

  /// A name by its bytes: as strings, a letter with its accent equals the letter and the accent.
  private struct Name: Hashable {
    var text: String
    static func == (left: Name, right: Name) -> Bool { JSONObject.isSame(left.text, right.text) }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
  }

  private static func isSame(_ left: String, _ right: String) -> Bool {
    left == right && left.utf8.elementsEqual(right.utf8)
  }
  private static let indexedFrom = 12

  public init() {}

  /// An object of these members; a name given twice keeps its first place and its last value.
  public init(_ members: some Sequence<(String, JSONValue)>) {
    for (name, value) in members { self[name] = value }
  }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  public var names: [String] { members.map(\.name) }

  /// The value of a member. Setting nil removes it.
  public subscript(_ name: String) -> JSONValue? {
    get { position(of: name).map { members[$0].value } }
    set {
      switch (position(of: name), newValue) {
      case (let position?, let value?): members[position].value = value
      case (let position?, nil):
        members.remove(at: position)
        rebuildIndex()
      case (nil, let value?):
        members.append((name, value))
        if members.count > Self.indexedFrom {
          index[Name(text: name)] = members.count - 1
        } else if members.count == Self.indexedFrom {
          rebuildIndex()
        }
      case (nil, nil): break
      }
    }
  }

  public func makeIterator() -> IndexingIterator<[(name: String, value: JSONValue)]> { members.makeIterator() }

  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.members.allSatisfy { right[$0.name] == $0.value }
  }

  public func hash(into hasher: inout Hasher) {
    // Equality ignores the order, so the hash must too.
    var mixed = 0
    for member in members {
      var one = Hasher()
      one.combine(member.name)
      one.combine(member.value)
      mixed ^= one.finalize()
    }
    hasher.combine(mixed)
  }

  private func position(of name: String) -> Int? {
    if members.count >= Self.indexedFrom { return index[Name(text: name)] }
    return members.firstIndex { Self.isSame($0.name, name) }
  }

  private mutating func rebuildIndex() {
    index.removeAll(keepingCapacity: true)
    guard members.count >= Self.indexedFrom else { return }
    for (position, member) in members.enumerated() { index[Name(text: member.name)] = position }
  }
}
