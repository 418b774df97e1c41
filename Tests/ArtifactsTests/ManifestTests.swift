import Digests
import JSON
import SystemSupport
import Testing

@testable import Artifacts

@Suite("Manifests from a repository are not believed")
struct ManifestTests {
  let scratch: Scratch
  let manifest: Manifest

  init() throws {
    scratch = try Scratch()
    var manifest = try SampleBundle(in: scratch.path).manifest
    manifest.provenance["target"] = "services/fiddler:server"
    self.manifest = manifest
  }

  @Test func aManifestReadsBackWhatItWrote() throws {
    #expect(try Manifest(parsing: manifest.bytes, for: manifest.key) == manifest)
  }

  @Test func membersThatAreNotKnownArePassedOver() throws {
    #expect(try Manifest(parsing: changed("signature", to: "later"), for: manifest.key) == manifest)
  }

  @Test(
    "a lie about what it is",
    arguments: [
      ("name", "igor", "its \"name\" is not \"fiddler_server\""),
      ("commit", JSONValue.string(String(repeating: "b", count: 40)), "its \"commit\""),
      ("platform", "jammy-x86_64", "its \"platform\""),
      ("format", 2, "format 2"),
      ("segments", [], "no usable \"segments\""),
      ("segments", "all", "no usable \"segments\""),
      ("created", "now", "\"created\""),
      ("builder", "evil\u{1B}[2J", "not a plain text"),
      ("file", ["sha256": "../../etc", "size": 1], "no \"sha256\""),
    ] as [(String, JSONValue, String)])
  func lies(_ member: String, _ value: JSONValue, _ reason: String) throws {
    #expect(try fault(changed(member, to: value)).contains(reason))
  }

  @Test(arguments: [-1, 1, 1 << 41, Int64.max])
  func sizesMustAddUp(_ size: Int64) throws {
    var object = try #require(manifest.json.object)
    object["file"] = .members(["sha256": .string(manifest.digest.hex), "size": .int(size)])
    let reason = try fault(JSONValue.object(object).bytes())
    #expect(reason.contains("size") || reason.contains("larger") || reason.contains("smaller"))
  }

  @Test func segmentSizesThatOverflowAreRefused() throws {
    let segment = JSONValue.members(["sha256": .string(manifest.digest.hex), "size": .int(.max)])
    #expect(try fault(changed("segments", to: [segment, segment])).contains("segment 0 has no usable \"size\""))
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = manifest.bytes
    for count in 0..<(whole.count - 2) {
      #expect(throws: ManifestFault.self) { try Manifest(parsing: Array(whole.prefix(count)), for: manifest.key) }
    }
  }

  private func changed(_ member: String, to value: JSONValue) throws -> [UInt8] {
    var object = try #require(manifest.json.object)
    object[member] = value
    return JSONValue.object(object).bytes()
  }

  private func fault(_ bytes: [UInt8]) throws -> String {
    try #require(throws: ManifestFault.self) { try Manifest(parsing: bytes, for: manifest.key) }.reason
  }
}
