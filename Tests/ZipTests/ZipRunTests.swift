import SystemSupport
import Testing

@testable import Zip

/// Members without a directory: what the code segment of a bundle is.
@Suite("Runs of members") struct ZipRunTests {
  /// The bytes of an archive up to its directory.
  private func run(_ members: KeyValuePairs<String, [UInt8]>) throws -> [UInt8] {
    let scratch = try Scratch()
    let bytes = try FileSystem.read(try scratch.archive(members))
    let end = try #require((0..<bytes.count - 4).first { Array(bytes[$0..<$0 + 4]) == [0x50, 0x4B, 1, 2] })
    return Array(bytes[..<end])
  }

  private func members(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    try ZipRun.forEachMember(of: bytes, archive: "run", limit: limit) { found[$0] = $1 }
    return found
  }

  @Test("The members of a run are read without its directory")
  func members() throws {
    let long = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let bytes = try run(["a/b.py": long, "empty": [], "ü": text("x")])
    #expect(try members(bytes) == ["a/b.py": long, "empty": [], "ü": text("x")])
    #expect(try members([]).isEmpty)
  }

  @Test("A run that is truncated, changed or too large is an error")
  func damage() throws {
    let bytes = try run(["a": [UInt8](repeating: 65, count: 3000), "b": text("two")])
    for length in 1..<bytes.count where length != bytes.count - 34 {
      #expect(throws: ZipError.self) { try members(Array(bytes[..<length])) }
    }
    for index in [0, 8, 14, 22, 40, bytes.count - 1] {
      var changed = bytes
      changed[index] ^= 0x55
      #expect(throws: ZipError.self) { try members(changed) }
    }
    #expect(throws: ZipError.self) { try members(bytes, limit: 100) }
  }
}
