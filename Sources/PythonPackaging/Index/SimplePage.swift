import JSON
internal import SystemSupport

/// A project's page of a simple repository, in HTML (PEP 503) or JSON (PEP 691).
struct SimplePage: Sendable, Hashable {
  struct File: Sendable, Hashable {
    var name: String
    /// Absolute.
    var url: String
    /// In hexadecimal, when the page says it.
    var sha256: String?
    var size: Int64?
  }
  var files: [File]

  /// The types that can be read, the preferred one first.
  static let accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

  /// Nil if the body does not match its type.
  init?(contentType: String, body: [UInt8], url: String) {
    if contentType.contains("json") {
      guard let json = try? JSONValue(parsing: body), let files = json["files"]?.array else { return nil }
      self.files = files.compactMap { file in
        guard let name = file["filename"]?.string, let link = file["url"]?.string else { return nil }
        return File(
          name: name, url: resolveURL(link, against: url),
          sha256: file["hashes"]?["sha256"]?.string.map { lowercased($0) },
          size: file["size"]?.int)
      }
      return
    }
    files = Self.links(String(decoding: body, as: UTF8.self), url: url)
  }

  /// The files that a page's links name. The name is the last part of the path; the hash is in the fragment.
  private static func links(_ html: String, url: String) -> [File] {
    var scanner = ByteScanner(html)
    var base = url
    var files: [File] = []
    while !scanner.isAtEnd {
      guard scanner.take(UInt8(ascii: "<")) else {
        scanner.skip { $0 != UInt8(ascii: "<") }
        continue
      }
      if scanner.take("!--") {
        while !scanner.isAtEnd, !scanner.take("-->") { scanner.position += 1 }
        continue
      }
      let tag = lowercased(scanner.text(while: \.isAlphanumeric))
      guard tag == "a" || tag == "base", let href = attribute("href", &scanner) else { continue }
      let target = resolveURL(href, against: base)
      if tag == "base" {
        base = target
        continue
      }
      let parts = target.split(separator: "#", maxSplits: 1)
      let path = parts[0].prefix { $0 != "?" }
      let name = PercentEncoding.decodeLeniently(path.split(separator: "/").last.map(String.init) ?? "")
      let hash = parts.count > 1 ? parts[1].split(separator: "&").first { $0.hasPrefix("sha256=") } : nil
      files.append(
        File(
          name: name, url: String(parts[0]), sha256: hash.map { lowercased($0.dropFirst("sha256=".count)) }, size: nil))
    }
    return files
  }

  /// The value of an attribute of the tag that the scanner is in; the scanner goes to the tag's end.
  private static func attribute(_ wanted: String, _ scanner: inout ByteScanner) -> String? {
    var found: String?
    scanner.skipSpace()
    while let byte = scanner.peek, byte != UInt8(ascii: ">") {
      let name = scanner.text { !$0.isSpace && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ">") }
      scanner.skipSpace()
      // Without a value: the name was not empty, because neither white space nor "=" was here.
      guard scanner.take(UInt8(ascii: "=")) else { continue }
      scanner.skipSpace()
      let value: String
      if let quote = scanner.peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
        scanner.position += 1
        value = scanner.text { $0 != quote }
        scanner.position += 1
      } else {
        value = scanner.text { !$0.isSpace && $0 != UInt8(ascii: ">") }
      }
      if found == nil, lowercased(name) == wanted { found = unescaped(value) }
      scanner.skipSpace()
    }
    return found
  }

  /// The character references that URLs are written with.
  private static func unescaped(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    var scanner = ByteScanner(text)
    var result = ""
    while !scanner.isAtEnd {
      result += scanner.text { $0 != UInt8(ascii: "&") }
      if scanner.take("&amp;") {
        result += "&"
      } else if scanner.take("&#43;") || scanner.take("&#x2B;") {
        result += "+"
      } else if scanner.take("&quot;") {
        result += "\""
      } else if scanner.take(UInt8(ascii: "&")) {
        result += "&"
      }
    }
    return result
  }
}

/// A reference made absolute (RFC 3986 section 5.2) for the contents of index pages.
///
/// User name and password of the base are kept if the host stays the same, as links on a page of a private index
/// require.
func resolveURL(_ reference: String, against base: String) -> String {
  func scheme(_ url: String) -> Int? {
    guard let colon = url.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let name = url.utf8[..<colon]
    guard let first = name.first, first.isLetter, name.allSatisfy({ $0.isAlphanumeric || "+-.".utf8.contains($0) })
    else { return nil }
    return name.count
  }
  guard let baseScheme = scheme(base) else { return reference }
  let bytes = Array(base.utf8)
  let afterScheme = min(bytes.count, baseScheme + 3)
  let authorityEnd =
    bytes[afterScheme...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
    ?? bytes.count
  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
  let authority = text(afterScheme..<authorityEnd)
  if scheme(reference) != nil { return withCredentials(reference, of: authority) }
  if reference.hasPrefix("//") { return withCredentials(text(0..<baseScheme) + ":" + reference, of: authority) }
  let origin = text(0..<authorityEnd)
  if reference.hasPrefix("/") { return origin + removingDots(reference) }
  let pathEnd = bytes[authorityEnd...].firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? bytes.count
  if reference.hasPrefix("#") || reference.isEmpty { return text(0..<pathEnd) + reference }
  let slash = bytes[authorityEnd..<pathEnd].lastIndex(of: UInt8(ascii: "/"))
  let folder = slash.map { text(authorityEnd..<$0 + 1) } ?? "/"
  return origin + removingDots(folder + reference)
}

/// The URL with the user information of `authority` where it has none of its own and the host is the same.
private func withCredentials(_ url: String, of authority: String) -> String {
  guard let at = authority.lastIndex(of: "@"), let range = url.range(of: "://") else { return url }
  let host = authority[authority.index(after: at)...]
  let rest = url[range.upperBound...]
  let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
  guard rest[..<end] == host else { return url }
  return String(url[..<range.upperBound] + authority[...at] + rest)
}

/// A path without `.` and `..` (RFC 3986 section 5.2.4). Query and fragment are left alone.
private func removingDots(_ path: String) -> String {
  let end = path.firstIndex { $0 == "?" || $0 == "#" } ?? path.endIndex
  var result: [Substring] = []
  for part in path[..<end].split(separator: "/", omittingEmptySubsequences: false) {
    switch part {
    case ".": break
    case "..": if result.count > 1 { result.removeLast() }
    default: result.append(part)
    }
  }
  if path[..<end].hasSuffix("/.") || path[..<end].hasSuffix("/..") { result.append("") }
  return result.joined(separator: "/") + path[end...]
}

extension StringProtocol {
  /// The first place of an ASCII text.
  func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
