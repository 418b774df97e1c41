internal import JSON

/// A table while it is read: headers further down add to it.
final class TOMLTable {
  enum Member {
    case value(JSONValue)
    case table(TOMLTable)
    case tables([TOMLTable])

    var json: JSONValue {
      switch self {
      case .value(let value): value
      case .table(let table): .object(table.json)
      case .tables(let tables): .array(tables.map { .object($0.json) })
      }
    }
  }

  /// The origin of a table decides which statements can still add to it.
  enum Origin {
    /// A header of its own, or an element of an array of tables: headers of tables below it.
    case header
    /// The header of a table below it: all of them.
    case implied
    /// A dotted key: other dotted keys, and headers of tables below it.
    case dotted
    /// An inline table: no statement can.
    case inline
  }

  /// A name by its bytes: as strings, a letter with its accent equals the letter and the accent.
  private struct Name: Hashable {
    var bytes: [UInt8]
    init(_ text: String) { bytes = Array(text.utf8) }
  }

  var origin: Origin
  private var members: [Name: Member] = [:]
  private var order: [String] = []

  init(_ origin: Origin) { self.origin = origin }

  subscript(_ name: String) -> Member? { members[Name(name)] }

  func set(_ name: String, _ member: Member) {
    if members.updateValue(member, forKey: Name(name)) == nil { order.append(name) }
  }

  var json: JSONObject { JSONObject(order.compactMap { name in members[Name(name)].map { (name, $0.json) } }) }
}
