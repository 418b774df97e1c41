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

  /// Reads that file again; nil for one that is damaged or speaks of another bundle. Nothing in it is trusted.
  init?(cacheBytes bytes: [UInt8], for key: ManifestKey) {
    guard let value = try? JSONValue(parsing: bytes), value["format"]?.int == 1,
      let listed = value["records"]?.array, (1...2).contains(listed.count)
    else { return nil }
    var records: [ManifestRecord] = []
    for (index, entry) in listed.enumerated() {
      guard let commit = entry["commit"]?.string.flatMap({ Commit($0) }), index > 0 || commit == key.commit,
        let text = entry["manifest"]?.string, let envelopes = entry["envelopes"]?.array
      else { return nil }
      let key = ManifestKey(name: key.name, commit: commit, platform: key.platform)
      guard var record = try? ManifestRecord(parsing: Array(text.utf8), for: key) else { return nil }
      record.envelopes = envelopes.compactMap { Envelope(parsing: $0) }
      records.append(record)
    }
    var manifest = records[0].manifest
    if let origin = manifest.origin {
      guard records.count == 2, records[1].manifest.key.commit == origin, records[1].manifest.origin == nil,
        records[1].manifest.inputs == manifest.inputs, manifest.inputs != nil,
        records[1].manifest.digest == manifest.digest, records[1].manifest.size == manifest.size
      else { return nil }
      manifest.segments = records[1].manifest.segments
      manifest.sbom = records[1].manifest.sbom
    } else if records.count != 1 {
      return nil
    }
    self.init(manifest: manifest, records: records)
  }
}
