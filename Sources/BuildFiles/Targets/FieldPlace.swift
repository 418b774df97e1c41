internal import Diagnostics
internal import Starlark

/// The position of a field: an argument of a call, or a key of dictionaries in it.
public struct FieldPlace: Sendable {
  /// The call.
  let site: DeclarationSite
  /// The argument of the call, where one is known.
  var argument: String?
  /// The key in the argument, or in the call.
  var key: String?
  /// A string in the field's value.
  var text: String?

  /// The location, as precise as the file's text allows: for a macro, only its call.
  var location: SourceLocation {
    guard let key else { return site.location(field: argument, text: text) }
    let range = argument.map { site.argumentRange($0)?.value } ?? site.argumentRanges().whole
    guard let range else { return site.location(field: argument) }
    let keys = site.keyRanges(key, in: range)
    guard let first = keys.first else { return site.location(field: argument, text: text) }
    var found = first
    if let text {
      // The same key can occur for several targets: the one whose value contains the text is meant.
      for (index, candidate) in keys.enumerated() {
        let end = index + 1 < keys.count ? keys[index + 1].lowerBound : range.upperBound
        if let inner = site.stringRange(text, in: candidate.upperBound..<end) {
          found = inner
          break
        }
      }
    }
    return DeclarationSite.location(in: site.source, range: found)
  }
}

extension DeclarationSite {
  /// The range of a key: as a string, or as a name before `=`.
  func keyRanges(_ key: String, in range: Range<Int>) -> [Range<Int>] {
    let bytes = source.bytes
    let wanted = Array(key.utf8)
    var found: [Range<Int>] = []
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        let end = stringEnd(at: index)
        if end - 1 > index, bytes[(index + 1)..<(end - 1)].elementsEqual(wanted) {
          found.append((index + 1)..<(end - 1))
        }
        index = end
      case UInt8(ascii: "#"): while index < range.upperBound, bytes[index] != 0x0A { index += 1 }
      case _ where Self.isName(byte):
        var end = index
        while end < range.upperBound, Self.isName(bytes[end]) { end += 1 }
        var next = end
        while next < range.upperBound, bytes[next] == UInt8(ascii: " ") { next += 1 }
        if bytes[index..<end].elementsEqual(wanted), next < range.upperBound, bytes[next] == UInt8(ascii: "=") {
          found.append(index..<end)
        }
        index = end
      default: index += 1
      }
    }
    return found
  }
}
