/// One event of a stream of type `text/event-stream` (WHATWG HTML, section 9.2).
public struct ServerSentEvent: Sendable, Hashable {
  /// `message` unless the stream names it.
  public var name: String
  public var data: String
  /// The last identifier the stream gave, for the `Last-Event-ID` of a reconnection.
  public var id: String

  public init(name: String = "message", data: String, id: String = "") {
    self.name = name
    self.data = data
    self.id = id
  }
}

/// Puts events together from pieces of a stream, cut anywhere.
public struct ServerSentEventParser: Sendable {
  private var line: [UInt8] = []
  private var lastWasReturn = false
  private var isFirstLine = true
  private var name = ""
  private var data: [String] = []
  private var id = ""
  /// Milliseconds the server asks to wait before a reconnection.
  public private(set) var reconnectionDelay: Int?

  public init() {}

  /// The events that these bytes complete.
  public mutating func consume(_ bytes: some Sequence<UInt8>) -> [ServerSentEvent] {
    var events: [ServerSentEvent] = []
    for byte in bytes {
      switch byte {
      case 0x0A where lastWasReturn: lastWasReturn = false
      case 0x0A, 0x0D:
        lastWasReturn = byte == 0x0D
        if let event = endLine() { events.append(event) }
      default:
        lastWasReturn = false
        line.append(byte)
      }
    }
    return events
  }

  private mutating func endLine() -> ServerSentEvent? {
    if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    isFirstLine = false
    defer { line.removeAll(keepingCapacity: true) }
    guard !line.isEmpty else { return dispatch() }
    let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
    var value = line[colon...].dropFirst()
    if value.first == 0x20 { value = value.dropFirst() }
    let text = String(decoding: value, as: UTF8.self)
    switch String(decoding: line[..<colon], as: UTF8.self) {
    case "event": name = text
    case "data": data.append(text)
    case "id": if !value.contains(0) { id = text }
    case "retry": if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) { reconnectionDelay = Int(text) }
    default: break  // A comment, or a field of a later version.
    }
    return nil
  }

  private mutating func dispatch() -> ServerSentEvent? {
    defer {
      name = ""
      data = []
    }
    guard !data.isEmpty else { return nil }
    return ServerSentEvent(name: name.isEmpty ? "message" : name, data: data.joined(separator: "\n"), id: id)
  }
}
