/// Finding one byte string in another, in linear time for all inputs.
enum ByteSearch {
  /// The first position of `needle` in `haystack[low..<high]`.
  static func first(_ needle: [UInt8], in haystack: [UInt8], from low: Int, to high: Int) -> Int? {
    guard low <= high, needle.count <= high - low else { return nil }
    guard let head = needle.first else { return low }
    if needle.count <= 8 {
      // Short needles: at most eight comparisons a position.
      return haystack.withUnsafeBufferPointer { hay in
        needle.withUnsafeBufferPointer { needle in
          for start in low...(high - needle.count) where hay[start] == head {
            var length = 1
            while length < needle.count, hay[start + length] == needle[length] { length += 1 }
            if length == needle.count { return start }
          }
          return nil
        }
      }
    }
    let table = failures(needle)
    var matched = 0
    for position in low..<high {
      while matched > 0, needle[matched] != haystack[position] { matched = table[matched - 1] }
      if needle[matched] == haystack[position] { matched += 1 }
      if matched == needle.count { return position + 1 - matched }
    }
    return nil
  }

  /// The last position of `needle` in `haystack[low..<high]`.
  static func last(_ needle: [UInt8], in haystack: [UInt8], from low: Int, to high: Int) -> Int? {
    guard low <= high, needle.count <= high - low else { return nil }
    guard !needle.isEmpty else { return high }
    let backwards = Array(needle.reversed())
    let table = failures(backwards)
    var matched = 0
    for position in (low..<high).reversed() {
      while matched > 0, backwards[matched] != haystack[position] { matched = table[matched - 1] }
      if backwards[matched] == haystack[position] { matched += 1 }
      if matched == backwards.count { return position }
    }
    return nil
  }

  /// Knuth, Morris and Pratt's table: for each prefix the length of its longest proper prefix that is a suffix of it.
  private static func failures(_ needle: [UInt8]) -> [Int] {
    var table = [Int](repeating: 0, count: needle.count)
    var length = 0
    for position in needle.indices.dropFirst() {
      while length > 0, needle[length] != needle[position] { length = table[length - 1] }
      if needle[length] == needle[position] { length += 1 }
      table[position] = length
    }
    return table
  }
}
