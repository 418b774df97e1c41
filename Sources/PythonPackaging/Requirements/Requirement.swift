/// A dependency specifier (PEP 508): `requests[socks]>=2.8 ; python_version < '3.13'`, or `name @ URL`.
public struct Requirement: Sendable, Hashable, CustomStringConvertible {
  public var name: PackageName
  /// Normalised, in order.
  public var extras: [String]
  public var specifiers: SpecifierSet
  /// The direct reference of `name @ URL`, with its fragment.
  public var url: String?
  public var marker: Marker?

  public init(
    name: PackageName, extras: [String] = [], specifiers: SpecifierSet = SpecifierSet(), url: String? = nil,
    marker: Marker? = nil
  ) {
    self.name = name
    self.extras = Set(extras.map { PackageName.normalize($0) }).sorted()
    self.specifiers = specifiers
    self.url = url
    self.marker = marker
  }

  /// Throws ``RequirementSyntaxError``.
  public init(_ text: some StringProtocol) throws(RequirementSyntaxError) {
    var scanner = ByteScanner(text)
    func fail(_ expected: String) -> RequirementSyntaxError {
      RequirementSyntaxError(text: String(text), offset: scanner.position, expected: expected)
    }
    scanner.skipBlanks()
    guard let name = PackageName(Self.identifier(&scanner)) else { throw fail("a package name") }
    scanner.skipBlanks()
    var extras: [String] = []
    if scanner.take(UInt8(ascii: "[")) {
      repeat {
        scanner.skipBlanks()
        if extras.isEmpty, scanner.peek == UInt8(ascii: "]") { break }
        let extra = Self.identifier(&scanner)
        guard !extra.isEmpty else { throw fail("the name of an extra") }
        extras.append(extra)
        scanner.skipBlanks()
      } while scanner.take(UInt8(ascii: ","))
      guard scanner.take(UInt8(ascii: "]")) else { throw fail("\",\" or \"]\"") }
      scanner.skipBlanks()
    }
    var url: String?
    var specifiers: [Specifier] = []
    if scanner.take(UInt8(ascii: "@")) {
      scanner.skipBlanks()
      let target = scanner.text { !$0.isSpace }
      guard !target.isEmpty else { throw fail("a URL") }
      url = target
    } else {
      let inParentheses = scanner.take(UInt8(ascii: "("))
      scanner.skipBlanks()
      while let byte = scanner.peek, "<>=!~".utf8.contains(byte) {
        guard let specifier = Specifier(scanning: &scanner) else { throw fail("a version specifier") }
        specifiers.append(specifier)
        scanner.skipBlanks()
        guard scanner.take(UInt8(ascii: ",")) else { break }
        scanner.skipBlanks()
      }
      if inParentheses, !scanner.take(UInt8(ascii: ")")) { throw fail("\",\" or \")\"") }
    }
    scanner.skipBlanks()
    var marker: Marker?
    if scanner.take(UInt8(ascii: ";")) {
      marker = Marker(String(decoding: scanner.bytes[scanner.position...], as: UTF8.self))
      guard marker != nil else { throw fail("an environment marker") }
    } else if !scanner.isAtEnd {
      throw fail(specifiers.isEmpty ? "a version specifier or \";\"" : "\",\" or \";\"")
    }
    self.init(name: name, extras: extras, specifiers: SpecifierSet(specifiers), url: url, marker: marker)
  }

  private static func identifier(_ scanner: inout ByteScanner) -> String {
    guard scanner.peek?.isAlphanumeric == true else { return "" }
    return scanner.text(while: PackageName.isNameByte)
  }

  /// In normal form: equal requirements have equal descriptions.
  public var description: String {
    var text = name.text
    if !extras.isEmpty { text += "[" + extras.joined(separator: ",") + "]" }
    if let url {
      text += " @ \(url)"
      if marker != nil { text += " " }
    } else {
      text += specifiers.description
    }
    if let marker { text += "; \(marker)" }
    return text
  }
}

/// The position at which a requirement's text becomes invalid.
public struct RequirementSyntaxError: Error, Sendable, Hashable {
  public var text: String
  /// In bytes.
  public var offset: Int
  /// The text that would be valid there.
  public var expected: String
}
