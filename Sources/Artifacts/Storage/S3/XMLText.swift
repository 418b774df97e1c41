/// The contents of elements by name: the part of XML that S3's answers need. The answers are flat, without attributes that matter
/// and without CDATA; anything else reads as an element that is not there.
struct XMLText {
  private let text: Substring

  init(_ bytes: [UInt8]) { text = Substring(String(decoding: bytes, as: UTF8.self)) }
  private init(_ text: Substring) { self.text = text }

  /// The elements of that name, in order. Does not distinguish an element inside another of the same name.
  func elements(_ name: String) -> [XMLText] {
    var found: [XMLText] = []
    var rest = text.utf8
    let open = Array("<\(name)".utf8), close = Array("</\(name)>".utf8)
    while let start = Self.find(open, in: rest) {
      var content = rest[start...].dropFirst(open.count)
      guard let next = content.first, let bracket = content.firstIndex(of: UInt8(ascii: ">")) else { break }
      // `<Key>` or `<Key attribute="">`, but not `<KeyMarker>`.
      let isElement = next == UInt8(ascii: ">") || next == UInt8(ascii: " ")
      content = content[content.index(after: bracket)...]
      guard isElement else {
        rest = content
        continue
      }
      guard let end = Self.find(close, in: content) else { break }
      found.append(XMLText(Substring(content[..<end])))
      rest = content[end...].dropFirst(close.count)
    }
    return found
  }

  /// The text of the first element of that name, with its references replaced; nil when there is none.
  func text(_ name: String) -> String? { elements(name).first?.content }

  private var content: String {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return String(text) }
    var result = ""
    var rest = text
    while let ampersand = rest.firstIndex(of: "&") {
      result += rest[..<ampersand]
      rest = rest[rest.index(after: ampersand)...]
      guard let semicolon = rest.firstIndex(of: ";") else { return result + "&" + rest }
      result += Self.reference(rest[..<semicolon])
      rest = rest[rest.index(after: semicolon)...]
    }
    return result + rest
  }

  private static func reference(_ name: Substring) -> String {
    let named = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
    if let text = named[String(name)] { return text }
    let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
    guard name.hasPrefix("#"), let number, let scalar = Unicode.Scalar(number) else { return "&\(name);" }
    return String(Character(scalar))
  }

  private static func find(_ pattern: [UInt8], in text: Substring.UTF8View) -> String.Index? {
    guard let first = pattern.first else { return nil }
    var rest = text
    while let start = rest.firstIndex(of: first) {
      if rest[start...].starts(with: pattern) { return start }
      rest = rest[rest.index(after: start)...]
    }
    return nil
  }
}
