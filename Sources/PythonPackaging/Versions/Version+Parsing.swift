extension Version {
  /// Parses any spelling that PEP 440 (appendix B) allows; nil for anything else.
  public init?(_ text: some StringProtocol) {
    var scanner = ByteScanner(text)
    scanner.skipSpace()
    guard let version = Version(scanning: &scanner) else { return nil }
    scanner.skipSpace()
    guard scanner.isAtEnd else { return nil }
    self = version
  }

  /// Consumes the longest version at the scanner's position; nil, at an undefined position, if there is none.
  init?(scanning scanner: inout ByteScanner) {
    _ = scanner.take("v", ignoringCase: true)
    guard let first = scanner.number() else { return nil }
    self.init(release: [first])
    if scanner.take(UInt8(ascii: "!")) {
      guard let number = scanner.number() else { return nil }
      epoch = first
      release = [number]
    }
    while scanner.peek == UInt8(ascii: "."), scanner.peek(1)?.isDigit == true {
      scanner.position += 1
      guard let number = scanner.number() else { return nil }
      release.append(number)
    }
    guard scanPreRelease(&scanner), scanPostRelease(&scanner), scanDevelopmentRelease(&scanner) else { return nil }
    guard scanner.peek == UInt8(ascii: "+"), scanner.peek(1)?.isAlphanumeric == true else { return }
    repeat {
      scanner.position += 1
      let part = scanner.text(while: \.isAlphanumeric)
      if part.utf8.allSatisfy(\.isDigit) {
        guard let number = UInt64(part) else { return nil }
        local.append(.number(number))
      } else {
        local.append(.text(lowercased(part)))
      }
    } while Self.isSeparator(scanner.peek) && scanner.peek(1)?.isAlphanumeric == true
  }

  private static func isSeparator(_ byte: UInt8?) -> Bool {
    byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
  }

  // Each of these returns false only for a number that does not fit.

  private mutating func scanPreRelease(_ scanner: inout ByteScanner) -> Bool {
    let start = scanner.position
    if Self.isSeparator(scanner.peek) { scanner.position += 1 }
    let kind: PreRelease? =
      if scanner.take("alpha", ignoringCase: true) || scanner.take("a", ignoringCase: true) {
        .alpha
      } else if scanner.take("beta", ignoringCase: true) || scanner.take("b", ignoringCase: true) {
        .beta
      } else if scanner.take("preview", ignoringCase: true) || scanner.take("pre", ignoringCase: true)
        || scanner.take("rc", ignoringCase: true) || scanner.take("c", ignoringCase: true)
      {
        .candidate
      } else {
        nil
      }
    guard let kind else {
      scanner.position = start
      return true
    }
    guard let number = Self.scanNumber(&scanner) else { return false }
    preRelease = (kind, number)
    return true
  }

  private mutating func scanPostRelease(_ scanner: inout ByteScanner) -> Bool {
    // "1.0-1" is a post-release too.
    if scanner.peek == UInt8(ascii: "-"), scanner.peek(1)?.isDigit == true {
      scanner.position += 1
      postRelease = scanner.number()
      return postRelease != nil
    }
    let start = scanner.position
    if Self.isSeparator(scanner.peek) { scanner.position += 1 }
    guard
      scanner.take("post", ignoringCase: true) || scanner.take("rev", ignoringCase: true)
        || scanner.take("r", ignoringCase: true)
    else {
      scanner.position = start
      return true
    }
    postRelease = Self.scanNumber(&scanner)
    return postRelease != nil
  }

  private mutating func scanDevelopmentRelease(_ scanner: inout ByteScanner) -> Bool {
    let start = scanner.position
    if Self.isSeparator(scanner.peek) { scanner.position += 1 }
    guard scanner.take("dev", ignoringCase: true) else {
      scanner.position = start
      return true
    }
    developmentRelease = Self.scanNumber(&scanner)
    return developmentRelease != nil
  }

  /// The number after a kind's letters, with an optional separator before it; 0 if there is no number.
  private static func scanNumber(_ scanner: inout ByteScanner) -> UInt64? {
    if isSeparator(scanner.peek) { scanner.position += 1 }
    return scanner.peek?.isDigit == true ? scanner.number() : 0
  }
}
