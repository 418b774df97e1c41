/// The inputs of a result, as named values in order: the key of the result is the digest of this list, and the
/// explanation of a rebuild compares two such lists. One list serves both, so the explanation cannot drift from the
/// key.
public struct InputList: Sendable, Hashable {
  /// One input: a file with its digest, an argument, a setting.
  public struct Input: Sendable, Hashable {
    /// The kind of input, in a word or two for people: `source`, `wheel`, `argument`.
    public var kind: String
    /// The name of the input: a path, a name, a position in a list. Kind and name together are unique in a list.
    public var name: String
    /// The value: a text, or a digest in hexadecimal digits.
    public var value: String
    /// Its role in the key.
    public var role = Role.plain

    /// An input.
    public init(_ kind: String, _ name: String, _ value: String, role: Role = .plain) {
      self.kind = kind
      self.name = name
      self.value = value
      self.role = role
    }
  }

  /// The role of an input in the key and in an explanation.
  public enum Role: String, Sendable, Hashable {
    /// A part of the key, shown when it changes.
    case plain
    /// A digest that is a part of the key and represents the details of its list, which are shown in its place.
    case summary
    /// A part of the input of a summary's digest: shown when it changes, and not a part of the key by itself.
    case detail
  }

  /// The inputs, in the order in which they were added.
  public private(set) var inputs: [Input] = []

  /// An empty list.
  public init() {}

  /// Adds an input of any role.
  public mutating func append(_ input: Input) { inputs.append(input) }

  /// Adds a text.
  public mutating func append(_ kind: String, _ name: String, _ value: String) {
    inputs.append(Input(kind, name, value))
  }

  /// Adds a text, the only one of its kind.
  public mutating func append(_ kind: String, _ value: String) { append(kind, "", value) }

  /// Adds a digest.
  public mutating func append(_ kind: String, _ name: String, _ digest: SHA256Digest) {
    append(kind, name, digest.hex)
  }

  /// Adds texts whose order matters, each with its place as its name.
  public mutating func append(_ kind: String, list values: some Sequence<String>) {
    for (index, value) in values.enumerated() { append(kind, "\(index + 1)", value) }
  }

  /// Adds a digest with the inputs of the digest.
  public mutating func append(_ kind: String, summary: SHA256Digest, details: [Input]) {
    inputs.append(Input(kind, "", summary.hex, role: .summary))
    for var detail in details {
      detail.role = .detail
      inputs.append(detail)
    }
  }

  /// The key: equal digests mean equal inputs in equal order.
  public var digest: SHA256Digest {
    var encoder = CanonicalEncoder()
    encoder.append(list: inputs.filter { $0.role != .detail }) { encoder, input in
      encoder.append(input.kind)
      encoder.append(input.name)
      encoder.append(input.value)
    }
    return encoder.digest
  }
}

// MARK: Comparing

extension InputList {
  /// The difference of one input between two lists.
  public enum Change: Sendable, Hashable {
    case added(Input)
    case removed(Input)
    case changed(Input, from: String)
    /// The same inputs in another order, which is part of the key.
    case reordered

    /// The input; nil for ``reordered``.
    public var input: Input? {
      switch self {
      case .added(let input), .removed(let input), .changed(let input, _): input
      case .reordered: nil
      }
    }
  }

  /// The differences from the list `old`; empty exactly if the digests are equal.
  public func changes(since old: InputList) -> [Change] {
    func identity(_ input: Input) -> [String] { [input.kind, input.name] }
    var before: [[String]: [Input]] = [:]
    for input in old.inputs { before[identity(input), default: []].append(input) }
    var result: [Change] = []
    var matched: [[String]: Int] = [:]
    for input in inputs {
      let identity = identity(input)
      let position = matched[identity, default: 0]
      matched[identity] = position + 1
      guard let earlier = before[identity], position < earlier.count else {
        result.append(.added(input))
        continue
      }
      if earlier[position].value != input.value { result.append(.changed(input, from: earlier[position].value)) }
    }
    var seen: [[String]: Int] = [:]
    for input in old.inputs {
      let identity = identity(input)
      let position = seen[identity, default: 0]
      seen[identity] = position + 1
      if position >= matched[identity, default: 0] { result.append(.removed(input)) }
    }
    // A digest does not help people if its inputs can be shown.
    if result.contains(where: { $0.input?.role == .detail }) { result.removeAll { $0.input?.role == .summary } }
    return result.isEmpty && inputs != old.inputs ? [.reordered] : result
  }
}

// MARK: Keeping

extension InputList {
  /// The list as a text, a line an input, that ``init(parsing:)`` reads back.
  public var text: String {
    var result = ""
    for input in inputs {
      let role = input.role == .plain ? [] : [input.role.rawValue]
      for (index, field) in ([input.kind, input.name, input.value] + role).enumerated() {
        if index > 0 { result += "\t" }
        result += Self.escaped(field)
      }
      result += "\n"
    }
    return result
  }

  /// The list of a ``text``; nil for an invalid text.
  public init?(parsing text: String) {
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map(Self.unescaped)
      guard fields.count == 3 || fields.count == 4, let kind = fields[0], let name = fields[1], let value = fields[2],
        let role = fields.count == 3 ? .plain : fields[3].flatMap({ Role(rawValue: $0) })
      else { return nil }
      inputs.append(Input(kind, name, value, role: role))
    }
  }

  private static func escaped(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == 0x09 || $0 == 0x0A || $0 == 0x5C }) else { return text }
    var result: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x09: result += Array("\\t".utf8)
      case 0x0A: result += Array("\\n".utf8)
      case 0x5C: result += Array("\\\\".utf8)
      default: result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func unescaped(_ bytes: Substring.UTF8View) -> String? {
    var result: [UInt8] = []
    var isEscape = false
    for byte in bytes {
      guard isEscape else {
        if byte == 0x5C { isEscape = true } else { result.append(byte) }
        continue
      }
      switch byte {
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "n"): result.append(0x0A)
      case 0x5C: result.append(0x5C)
      default: return nil
      }
      isEscape = false
    }
    return isEscape ? nil : String(decoding: result, as: UTF8.self)
  }
}
