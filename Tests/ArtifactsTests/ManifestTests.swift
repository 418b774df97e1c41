import Digests
import JSON
import SystemSupport
import Testing

@testable import Artifacts

@Suite("Manifests from a repository are not trusted")
struct ManifestTests {
  let scratch: Scratch
  let manifest: Manifest

  init() throws {
    scratch = try Scratch()
    var manifest = try SampleBundle(in: scratch.path).manifest
    manifest.target = "services/fiddler:server"
    manifest.pushed = ["main", "release/1"]
    manifest.lockfile = .of("lock")
    manifest.inputs = .of("inputs")
    manifest.buildURL = "https://ci.example/7"
    manifest.sbom = Manifest.Attachment(digest: .of("sbom"), size: 7)
    manifest.provenance["pythons"] = ["3.11"]
    self.manifest = manifest
  }

  @Test func aManifestReadsBackWhatItWrote() throws {
    #expect(try Manifest(parsing: manifest.canonicalBytes, for: manifest.key) == manifest)
  }

  @Test func membersThatAreNotKnownArePassedOver() throws {
    #expect(try Manifest(parsing: changed("signature", to: "later"), for: manifest.key) == manifest)
  }

  @Test(
    "A manifest with a false claim is refused",
    arguments: [
      ("name", "igor", "its \"name\" is not \"fiddler_server\""),
      ("commit", JSONValue.string(String(repeating: "b", count: 40)), "its \"commit\""),
      ("platform", "jammy-x86_64", "its \"platform\""),
      ("format", 3, "format 3"),
      ("segments", [], "no usable \"segments\""),
      ("segments", "all", "no usable \"segments\""),
      ("created", "now", "\"created\""),
      ("builder", "evil\u{1B}[2J", "not a plain text"),
      ("file", ["tree": "../../etc", "size": 1], "no \"tree\""),
      ("inputs", "x", "its \"inputs\" is not a digest"),
      ("sbom", 1, "its \"sbom\" is not usable"),
      ("origin", "x", "its \"origin\" is not a commit"),
      ("pushed", ["a\u{1B}"], "not a list of plain texts"),
    ] as [(String, JSONValue, String)])
  func lies(_ member: String, _ value: JSONValue, _ reason: String) throws {
    #expect(try fault(changed(member, to: value)).contains(reason))
  }

  @Test(arguments: [-1, 1, 1 << 41, Int64.max])
  func sizesMustAddUp(_ size: Int64) throws {
    var object = try #require(manifest.json.object)
    object["file"] = .members(["tree": .string(manifest.digest.hex), "size": .int(size)])
    let reason = try fault(JSONValue.object(object).bytes())
    #expect(reason.contains("size") || reason.contains("larger") || reason.contains("smaller"))
  }

  @Test func segmentSizesThatOverflowAreRefused() throws {
    let segment = JSONValue.members(["sha256": .string(manifest.digest.hex), "size": .int(.max)])
    #expect(try fault(changed("segments", to: [segment, segment])).contains("segment 0 has no usable \"size\""))
  }

  @Test("Format 1 stays readable, and keeps its digest of the whole file") func oldFormat() throws {
    var old = manifest
    old.format = 1
    old.target = nil
    (old.pushed, old.lockfile, old.inputs, old.buildURL, old.sbom) = ([], nil, nil, nil, nil)
    old.digest = .of("the whole file")
    old.provenance = JSONObject([("target", "services/fiddler:server")])
    var read = try Manifest(parsing: old.json.bytes(.pretty), for: old.key)
    #expect(read.target == "services/fiddler:server")
    read.target = nil
    #expect(read == old)
  }

  @Test("Segments in another order have another tree digest") func order() throws {
    var object = try #require(manifest.json.object)
    object["segments"] = .array(try #require(object["segments"]?.array).reversed())
    #expect(try fault(JSONValue.object(object).bytes()) == "its segments have another tree digest")
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = manifest.canonicalBytes
    for count in 0..<whole.count {
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
