import JSON

extension Evidence {
  /// The records as one file of a runner cache: each as it was stored in the artifact repository, with all envelopes.
  var cacheBytes: [UInt8] {
    JSONValue.members([
      "format": 1,
      "records": .array(
        records.map { record in
          .members([
            "commit": .string(record.manifest.key.commit.text),
            "manifest": .string(String(decoding: record.storedBytes, as: UTF8.self)),
            "envelopes": .array(record.envelopes.map(\.json)),
          ])
        }),
    ]).bytes(.compact)
  }

  /// Reads that file again. Trusts nothing in it.
  ///
  /// - Throws: `ManifestFault` for a file that is damaged, or about another bundle.
  init(cacheBytes bytes: [UInt8], for key: ManifestKey) throws(ManifestFault) {
    let value = try Manifest.value(parsing: bytes, limit: Self.cacheLimit)
    guard value["format"]?.int == 1, let listed = value["records"]?.array, (1...2).contains(listed.count) else {
      throw ManifestFault("it is not the evidence of a bundle")
    }
    var records: [ManifestRecord] = []
    for (index, entry) in listed.enumerated() {
      guard let commit = entry["commit"]?.string.flatMap({ Commit($0) }), index > 0 || commit == key.commit,
        let text = entry["manifest"]?.string, let envelopes = entry["envelopes"]?.array
      else { throw ManifestFault("its record \(index) is not that of \(key)") }
      let key = ManifestKey(name: key.name, commit: commit, platform: key.platform)
      var record = try ManifestRecord(parsing: Array(text.utf8), for: key)
      record.envelopes = []
      for envelope in envelopes {
        guard let envelope = Envelope(parsing: envelope) else { throw ManifestFault("a signature is not usable") }
        record.envelopes.append(envelope)
      }
      records.append(record)
    }
    var manifest = records[0].manifest
    if let origin = manifest.origin {
      guard records.count == 2, records[1].manifest.key.commit == origin, records[1].manifest.origin == nil,
        records[1].manifest.inputs == manifest.inputs, manifest.inputs != nil,
        records[1].manifest.digest == manifest.digest, records[1].manifest.size == manifest.size
      else { throw ManifestFault("its origin does not prove its file") }
      manifest.segments = records[1].manifest.segments
      manifest.sbom = records[1].manifest.sbom
    } else if records.count != 1 {
      throw ManifestFault("it has an origin that its manifest does not name")
    }
    self.init(manifest: manifest, records: records)
  }

  /// Bytes of two manifests with their envelopes.
  static var cacheLimit: Int { 32 << 20 }
}
