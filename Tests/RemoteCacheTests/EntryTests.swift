import Artifacts
import ContentStore
import Digests
import SigningKeys
import Testing

@testable import RemoteCache

@Suite struct EntryTests {
  private let key = SHA256Digest.of("key")
  private let large = BlobReference.of([9, 9, 9])

  private func entry() -> RemoteEntry {
    RemoteEntry(
      namespace: "test-1", key: key, value: Array("value".utf8),
      parts: [
        RemoteEntry.Part(blob: .of([1, 2, 3]), bytes: [1, 2, 3]), RemoteEntry.Part(blob: large, bytes: nil),
        RemoteEntry.Part(blob: .of([]), bytes: []),
      ], milliseconds: 1234, created: 1_700_000_000)
  }

  private func parse(_ bytes: [UInt8], _ trusted: [PublicKey] = []) throws(RemoteEntry.Problem) -> RemoteEntry {
    try RemoteEntry(parsing: bytes, of: "test-1", key, trusted: trusted)
  }

  private func problem(_ bytes: [UInt8], _ trusted: [PublicKey] = []) -> RemoteEntry.Problem? {
    do {
      _ = try parse(bytes, trusted)
      return nil
    } catch {
      return error
    }
  }

  @Test("An entry reads back with its value, small blobs and references") func roundTrip() throws {
    let read = try parse(try entry().bytes(signedBy: nil))
    #expect(read.value == Array("value".utf8) && read.milliseconds == 1234 && read.created == 1_700_000_000)
    #expect(read.parts.map(\.blob) == [.of([1, 2, 3]), large, .of([])])
    #expect(read.parts.map(\.bytes) == [[1, 2, 3], nil, []])
  }

  @Test("An entry that is cut or changed at any byte is refused") func damage() throws {
    let bytes = try entry().bytes(signedBy: nil)
    for count in bytes.indices { #expect(problem(Array(bytes.prefix(count))) != nil, "cut at \(count)") }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x10
      #expect(problem(changed) != nil, "changed at \(index)")
    }
    #expect(problem(bytes + [0]) == .damaged)
    #expect(problem([]) == .truncated)
  }

  @Test("An entry of another key, another format or another program is named as such") func foreign() throws {
    let bytes = try entry().bytes(signedBy: nil)
    #expect(throws: RemoteEntry.Problem.foreign) {
      try RemoteEntry(parsing: bytes, of: "test-1", .of("other"), trusted: [])
    }
    #expect(throws: RemoteEntry.Problem.foreign) {
      try RemoteEntry(parsing: bytes, of: "action-1", self.key, trusted: [])
    }
    #expect(problem(Array("KILTRC0\n".utf8) + bytes.dropFirst(8)) == .otherFormat)
    #expect(problem(Array("<!doctype html><title>not found</title>".utf8)) == .foreign)
    // Bytes with a right digest in front can still be anything.
    let body = [UInt8](repeating: 0xFF, count: 64)
    #expect(problem(RemoteEntry.magic + SHA256Digest.of(body).bytes + body) == .foreign)
  }

  @Test("With trusted keys, an entry counts only with the signature of one of them") func signatures() throws {
    let (ours, theirs) = (PrivateKey.generate(), PrivateKey.generate())
    let trusted = [ours.publicKey]
    #expect(problem(try entry().bytes(signedBy: ours), trusted) == nil)
    #expect(problem(try entry().bytes(signedBy: theirs), trusted) == .untrusted)
    #expect(problem(try entry().bytes(signedBy: nil), trusted) == .unsigned)
    // Nobody can put other bytes behind a signed header: it has the digest of each part.
    let signed = try entry().bytes(signedBy: ours)
    var body = Array(signed.dropFirst(40))
    body[body.count - 1] ^= 1
    #expect(problem(RemoteEntry.magic + SHA256Digest.of(body).bytes + body, trusted) == .damaged)
  }
}
