import Digests
import SystemSupport
import Testing

@Suite struct DigestTests {
  /// The example of FIPS 180-4's test vectors.
  static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  @Test func matchesTheStandardsExample() {
    #expect(SHA256Digest.of("abc").hex == Self.abc)
    var hasher = SHA256Hasher()
    hasher.update("a")
    hasher.update([0x62, 0x63])
    #expect(hasher.digest() == SHA256Digest(hex: Self.abc.uppercased()))
  }

  @Test func refusesWhatIsNoDigest() {
    #expect(SHA256Digest(hex: "ba78") == nil)
    #expect(SHA256Digest(hex: String(repeating: "g", count: 64)) == nil)
    #expect(SHA256Digest(bytes: [1, 2, 3]) == nil)
  }

  @Test func hashesFiles() throws {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-test")
    defer { try? FileSystem.removeTree(folder) }
    try FileSystem.write(text: "abc", to: folder.appending("f"))
    let found = try SHA256Digest.ofFile(folder.appending("f"))
    #expect(found.digest.hex == Self.abc)
    #expect(found.size == 3)
  }

  @Test func encodingsOfDifferentFieldsDiffer() {
    func key(_ body: (inout CanonicalEncoder) -> Void) -> SHA256Digest {
      var encoder = CanonicalEncoder()
      body(&encoder)
      return encoder.digest
    }
    let keys = [
      key {
        $0.append("ab"); $0.append("c")
      },
      key {
        $0.append("a"); $0.append("bc")
      }, key { $0.append("abc") },
      key { $0.append(strings: ["ab", "c"]) }, key { $0.append(strings: ["abc"]) },
      key { $0.append(Array("abc".utf8)) },
      key { $0.append(1) }, key { $0.append(true) }, key { $0.append(strings: []) },
    ]
    #expect(Set(keys).count == keys.count)
  }
}
