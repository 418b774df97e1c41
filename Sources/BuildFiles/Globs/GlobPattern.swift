/// One glob over paths: `*` and `?` stay within a name, `**` as a whole name spans any number of directories, `[a-z]` and
/// `[!a-z]` are classes. Names that begin with a dot match like any other.
public struct GlobPattern: Hashable, Sendable {
  enum Part: Hashable, Sendable {
    case literal([UInt8])
    case pattern([UInt8])
    case anyDirectories
  }

  /// The pattern as written.
  public let text: String
  let parts: [Part]

  /// The pattern that `text` writes; slashes part its names, of which `.` means nothing: `./*.py` is `*.py`.
  public init(_ text: String) {
    self.text = text
    parts = text.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.map { name in
      let bytes = Array(name)
      if bytes == Array("**".utf8) { return .anyDirectories }
      let special = bytes.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[") }
      return special ? .pattern(bytes) : .literal(bytes)
    }
  }

  /// Whether the pattern is a plain path.
  public var isLiteral: Bool { parts.allSatisfy { if case .literal = $0 { true } else { false } } }

  /// The maximum number of directories between its base and a match; nil without a bound.
  public var depth: Int? { parts.contains(.anyDirectories) ? nil : parts.count - 1 }

  /// The directory part of the pattern before its first special character.
  public var literalDirectory: String {
    var names: [String] = []
    for part in parts.dropLast() {
      guard case .literal(let bytes) = part else { break }
      names.append(String(decoding: bytes, as: UTF8.self))
    }
    return names.joined(separator: "/")
  }

  /// Whether the path matches.
  public func matches(_ path: String) -> Bool {
    var path = path
    return path.withUTF8 { matches($0) }
  }

  /// Whether the path with these bytes matches.
  public func matches(_ path: UnsafeBufferPointer<UInt8>) -> Bool { Self.match(parts[...], path[...]) }

  private static func match(_ parts: ArraySlice<Part>, _ path: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    var parts = parts
    var path = path
    while let part = parts.first {
      if case .anyDirectories = part {
        parts = parts.dropFirst()
        if parts.isEmpty { return !path.isEmpty }
        while true {
          if match(parts, path) { return true }
          guard let slash = path.firstIndex(of: UInt8(ascii: "/")) else { return false }
          path = path[(slash + 1)...]
        }
      }
      guard !path.isEmpty else { return false }
      let end = path.firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
      let name = path[path.startIndex..<end]
      switch part {
      case .literal(let bytes): guard name.elementsEqual(bytes) else { return false }
      case .pattern(let bytes): guard matchName(bytes[...], name) else { return false }
      case .anyDirectories: return false
      }
      parts = parts.dropFirst()
      path = end < path.endIndex ? path[(end + 1)...] : path[path.endIndex...]
      if parts.isEmpty { return end == path.endIndex && path.isEmpty }
    }
    return path.isEmpty
  }

  /// Matches one name; `*` is retried from its last place, so the cost is at most the product of both lengths.
  static func matchName(_ pattern: ArraySlice<UInt8>, _ name: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    var p = pattern.startIndex
    var n = name.startIndex
    var star: (pattern: Int, name: Int)?
    while n < name.endIndex {
      if p < pattern.endIndex {
        let byte = pattern[p]
        if byte == UInt8(ascii: "*") {
          star = (p + 1, n)
          p += 1
          continue
        }
        if byte == UInt8(ascii: "[") {
          if let (matched, next) = matchClass(pattern, p, name[n]) {
            if matched {
              p = next
              n += 1
              continue
            }
          } else if name[n] == byte {
            p += 1
            n += 1
            continue
          }
        } else if byte == UInt8(ascii: "?") || byte == name[n] {
          p += 1
          n += 1
          continue
        }
      }
      guard let last = star else { return false }
      star = (last.pattern, last.name + 1)
      p = last.pattern
      n = last.name + 1
    }
    while p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") { p += 1 }
    return p == pattern.endIndex
  }

  /// Whether the class that begins at `start` contains `byte`, and the end of the class; nil if it never ends.
  private static func matchClass(_ pattern: ArraySlice<UInt8>, _ start: Int, _ byte: UInt8) -> (Bool, Int)? {
    var index = start + 1
    guard index < pattern.endIndex else { return nil }
    let negated = pattern[index] == UInt8(ascii: "!") || pattern[index] == UInt8(ascii: "^")
    if negated { index += 1 }
    var matched = false
    var isFirst = true
    while index < pattern.endIndex {
      let low = pattern[index]
      if low == UInt8(ascii: "]"), !isFirst { return (matched != negated, index + 1) }
      isFirst = false
      if index + 2 < pattern.endIndex, pattern[index + 1] == UInt8(ascii: "-"), pattern[index + 2] != UInt8(ascii: "]")
      {
        if low <= byte, byte <= pattern[index + 2] { matched = true }
        index += 3
      } else {
        if low == byte { matched = true }
        index += 1
      }
    }
    return nil
  }
}
