internal import Artifacts
public import ContentStore
internal import Diagnostics
public import Digests
internal import Glibc
internal import Synchronization
internal import SystemSupport

extension RemoteCache {
  /// Blobs up to this size go into the entry.
  static let inlineLimit: Int64 = 256 << 10
  /// All blobs in one entry together.
  static let inlineTotal: Int64 = 1 << 20
  /// An entry that is larger is not uploaded: nobody could fetch it within the deadline of a lookup.
  static let entryLimit = 4 << 20
  /// A large blob that was written so many seconds ago is not uploaded again. Collections keep blobs for twice as long.
  static let blobFreshness: Int64 = 43_200
  /// After so many failures nothing more is uploaded.
  private static let failureLimit = 3

  public var takesOffers: Bool { settings.mode == .write && !breaker.isOpen }

  public func offer(_ record: SharedRecord, from store: ContentStore) {
    guard settings.mode == .write else { return }
    if let reason = record.withheld { return withhold(record.namespace, reason) }
    let id = LookupID(namespace: record.namespace, key: record.key)
    guard state.withLock({ $0.offered.insert(id).inserted }) else { return }
    inBackground { try self.upload(record, id, store) }
  }

  public func offerFile(_ digest: SHA256Digest, from store: ContentStore) {
    guard settings.mode == .write, state.withLock({ $0.absentFiles.contains(digest) }) else { return }
    inBackground {
      let path = store.path(of: digest)
      let size = try self.size(of: path)
      try self.transfers.upload(file: path, size: size, digest: digest, to: RemoteLayout.file(digest))
      self.count("files") { counts in
        counts.uploads += 1
        counts.uploadedBytes += size
      }
    }
  }

  public func finish() {
    guard
      state.withLock({ state in
        defer { state.isFinished = true }
        return !state.isFinished
      })
    else { return }
    let end = monotonicNanoseconds() + UInt64(settings.uploadWait) * 1_000_000
    while true {
      let seen = changed.count
      let pending = state.withLock { $0.pendingUploads }
      if pending == 0 { break }
      if monotonicNanoseconds() >= end {
        uploads.stop()
        notes.say(
          "note: \(pending) \(pending == 1 ? "result was" : "results were") not uploaded to the remote cache within "
            + "\(settings.uploadWait / 1000) s")
        break
      }
      changed.wait(after: seen, until: end)
    }
    breaker.settle()
    notes.finish()
    let statistics = state.withLock { $0.statistics }
    // Statistics that cannot be written are lost, and nothing else.
    do throws(SystemCallError) { try statistics.add(in: storeRoot) } catch {}
  }

  /// What this command has found and stored so far.
  public var statistics: RemoteCacheStatistics { state.withLock { $0.statistics } }

  private func withhold(_ namespace: String, _ reason: WithheldReason) {
    count(namespace) { $0.withheld += 1 }
    state.withLock { $0.withheld[reason, default: 0] += 1 }
  }

  /// The number of results that stayed on this machine, by reason.
  public var withheld: [WithheldReason: Int] { state.withLock { $0.withheld } }

  // MARK: Background

  private func inBackground(_ body: @escaping @Sendable () throws -> Void) {
    let begins = state.withLock { state in
      guard !state.isFinished, state.failedUploads < Self.failureLimit else { return false }
      state.pendingUploads += 1
      return true
    }
    guard begins else { return }
    uploads.start(0) {
      if !self.state.withLock({ $0.failedUploads >= Self.failureLimit }), !self.breaker.isOpen {
        do { try body() } catch { self.uploadFailed(error) }
      }
      self.state.withLock { $0.pendingUploads -= 1 }
      self.changed.notify()
    }
  }

  private func uploadFailed(_ error: any Error) {
    let isLast = state.withLock { state in
      state.failedUploads += 1
      return state.failedUploads == Self.failureLimit
    }
    guard isLast else { return }
    let reason = (error as? ArtifactError).map { error in
      ([error.diagnostic.summary] + error.diagnostic.notes.prefix(1)).joined(separator: ": ")
    }
    notes.say("note: no more results are uploaded to the remote cache \(location): \(reason ?? "\(error)")")
  }

  // MARK: Entries

  private func upload(_ record: SharedRecord, _ id: LookupID, _ store: ContentStore) throws {
    let remoteKey = remoteKey(id)
    var parts: [RemoteEntry.Part] = []
    var inlined: Int64 = 0
    var known: Set<SHA256Digest> = []
    for blob in record.blobs where known.insert(blob.digest).inserted {
      // What was brought from the remote cache, and not needed here, is there already.
      guard store.contains(blob.digest) else {
        parts.append(RemoteEntry.Part(blob: blob, bytes: nil))
        continue
      }
      if !record.localPaths.isEmpty, try namesLocalPath(store.path(of: blob.digest), record.localPaths) {
        return withhold(record.namespace, .localPath)
      }
      let isInline = blob.size <= Self.inlineLimit && inlined + blob.size <= Self.inlineTotal
      if isInline { inlined += blob.size }
      parts.append(
        RemoteEntry.Part(blob: blob, bytes: isInline ? try FileSystem.read(store.path(of: blob.digest)) : nil))
    }
    let entry = RemoteEntry(
      namespace: record.namespace, key: remoteKey, value: record.value, parts: parts,
      milliseconds: record.milliseconds, created: clock())
    let bytes = try entry.bytes(signedBy: settings.signer)
    guard bytes.count <= Self.entryLimit else { return }
    // Blobs before the entry: nobody finds an entry whose blobs are not there yet.
    var uploaded: Int64 = 0
    for part in parts where part.bytes == nil { uploaded += try upload(part.blob, id, remoteKey, store) }
    let object = RemoteLayout.entry(record.namespace, remoteKey)
    if state.withLock({ $0.unusable.contains(id) }) {
      try transfers.overwrite(object, bytes)
    } else {
      _ = try transfers.create(object, bytes)
    }
    if let inputs = record.inputs {
      try transfers.overwrite(
        RemoteLayout.inputs(record.namespace, record.name, platform: platform), Array(inputs.shareable.text.utf8))
    }
    let total = uploaded + Int64(bytes.count)
    count(record.namespace) { counts in
      counts.uploads += 1
      counts.uploadedBytes += total
    }
  }

  /// Uploads a large blob, unless it was written a short time ago. Returns the bytes sent.
  private func upload(
    _ blob: BlobReference, _ id: LookupID, _ remoteKey: SHA256Digest, _ store: ContentStore
  ) throws -> Int64 {
    let object = RemoteLayout.blob(blob.digest)
    // Before the blob, so that a collection in between sees that it is needed.
    let reference = RemoteLayout.reference(to: blob.digest, of: id.namespace, remoteKey)
    try transfers.overwrite(reference, [])
    // The storage wrote the reference just now: its clock decides, as in a collection, and not this machine's.
    if let modified = try transfers.modified(object), let now = try transfers.modified(reference),
      (0..<Self.blobFreshness).contains(now - modified)
    {
      return 0
    }
    guard store.contains(blob.digest) else { throw ContentStoreError.missing(blob.digest) }
    try transfers.upload(file: store.path(of: blob.digest), size: blob.size, digest: blob.digest, to: object)
    return blob.size
  }

  private func size(of path: FilePath) throws(SystemCallError) -> Int64 { try FileSystem.status(of: path).size }

  /// Whether a file holds the path of a directory of this machine.
  private func namesLocalPath(_ path: FilePath, _ further: [String]) throws(SystemCallError) -> Bool {
    let file = try MappedFile(path)
    // A path such as "/" or "/root" is in too many files that have nothing to do with this machine.
    let paths = (settings.localPaths + further).filter { $0.utf8.count > 5 }
    return paths.contains { file.bytes.contains(text: $0) }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether the bytes of a text are among these.
  func contains(text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard let first = wanted.first, let start = baseAddress else { return false }
    var offset = 0
    while offset + wanted.count <= count, let found = memchr(start + offset, Int32(first), count - offset) {
      let place = start.distance(to: UnsafeRawPointer(found))
      if place + wanted.count <= count, memcmp(found, wanted, wanted.count) == 0 { return true }
      offset = place + 1
    }
    return false
  }
}

// MARK: Explanations

extension InputList {
  /// The list without the values of environment variables: those of a person's own may be secrets.
  var shareable: InputList {
    var result = InputList()
    for var input in inputs {
      if input.kind == "environment", input.value.utf8.count != 64 { input.value = SHA256Digest.of(input.value).hex }
      result.append(input)
    }
    return result
  }
}

extension RemoteCache {
  /// The newest entry of a target on machines of this platform, as far as it is known.
  public struct Nearest: Sendable {
    public var inputs: InputList
    /// When it was uploaded, in seconds since 1970.
    public var time: Int64?
  }

  /// The inputs of the newest entry of a target; nil when there is none, or the cache does not answer.
  public func nearest(_ namespace: String, _ name: String) -> Nearest? {
    guard !breaker.isOpen, !bucket.isAbsent else { return nil }
    let object = RemoteLayout.inputs(namespace, name, platform: platform)
    do throws(ArtifactError) {
      guard let bytes = try bucket.read(object, limit: 16 << 20),
        let inputs = InputList(parsing: String(decoding: bytes, as: UTF8.self))
      else { return nil }
      return Nearest(inputs: inputs, time: try bucket.modified(object))
    } catch {
      fail(error)
      return nil
    }
  }

  /// The changes of inputs since the newest entry of a target.
  public static func changes(_ inputs: InputList, since nearest: Nearest) -> [InputList.Change] {
    inputs.shareable.changes(since: nearest.inputs)
  }
}
