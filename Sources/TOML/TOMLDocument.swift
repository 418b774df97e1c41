// TOML: texts of TOML 1.1, and so of 1.0, as values, with the places of keys.
//
// Ours because the library for Swift at hand imports Foundation, and with it ICU, into `kilt`, and tells no places of
// keys.

public import JSON

/// A text of [TOML 1.1](https://toml.io/en/v1.1.0) as JSON values: a table is an object, a date or time its text.
public struct TOMLDocument: Sendable {
  public let root: JSONObject
  private let keys: [[String]: Range<Int>]
  private let bytes: [UInt8]

  /// The problem of a text that is not TOML, with its location: lines from 1, columns from 1 in bytes.
  public struct Failure: Error, Sendable, Hashable {
    public var line: Int
    public var column: Int
    /// Without the place.
    public var message: String
  }

  /// A run of bytes in one line: lines from 1, columns from 1 in bytes.
  public struct Place: Sendable, Hashable {
    public var line: Int
    public var column: Int
    public var length: Int

    public init(line: Int, column: Int, length: Int) {
      self.line = line
      self.column = column
      self.length = length
    }
  }

  /// Parses a text.
  ///
  /// - Parameter recordingPlaces: whether ``place(of:)`` will be asked; a lockfile with thousands of keys need not pay.
  public init(parsing bytes: [UInt8], recordingPlaces: Bool = false) throws(Failure) {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw Failure(line: 1, column: 1, message: "it is not UTF-8")
    }
    var reader = TOMLReader(bytes, recordsKeys: recordingPlaces)
    root = try reader.document()
    keys = reader.keys
    self.bytes = bytes
  }

  /// The location where the last part of a key is first mentioned, in a header or before "="; nil for a missing key, or
  /// one inside an array.
  public func place(of path: [String]) -> Place? {
    keys[path].map { range in
      var place = Self.place(of: range.lowerBound, in: bytes)
      place.length = range.count
      return place
    }
  }

  static func place(of position: Int, in bytes: [UInt8]) -> Place {
    let before = bytes.prefix(position)
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return Place(line: 1 + before.count { $0 == 0x0A }, column: before.count - lineStart + 1, length: 1)
  }
}
