internal import Artifacts
public import ContentStore
public import Digests
internal import Synchronization
internal import SystemSupport

extension RemoteCache {
  public func canSupply(_ digest: SHA256Digest) -> Bool { state.withLock { $0.promised[digest] != nil } }

  public func supply(_ digest: SHA256Digest, into store: ContentStore) -> Bool {
    guard let promise = state.withLock({ $0.promised[digest] }) else { return false }
    let id = promise.entry
    if fetch(RemoteLayout.blob(digest), digest, limit: promise.size, id.namespace, into: store) { return true }
    // The entry is of no more use: the next to ask for it builds, and replaces it.
    state.withLock { state in
      state.promised[digest] = nil
      state.unusable.insert(id)
      // A lookup that is under way ends itself.
      if case .done? = state.lookups[id] { state.lookups[id] = .done(nil) }
    }
    return false
  }

  public func supplyFile(_ digest: SHA256Digest, into store: ContentStore) -> Bool {
    if store.contains(digest) { return true }
    guard !state.withLock({ $0.absentFiles.contains(digest) }) else { return false }
    if fetch(RemoteLayout.file(digest), digest, limit: 4 << 30, "files", into: store) {
      count("files") { $0.hits += 1 }
      return true
    }
    count("files") { $0.misses += 1 }
    state.withLock { _ = $0.absentFiles.insert(digest) }
    return false
  }

  /// Fetches an object of a known digest. Its bytes are hashed on the way: others never appear in the store.
  private func fetch(
    _ object: String, _ digest: SHA256Digest, limit: Int64, _ namespace: String, into store: ContentStore
  ) -> Bool {
    guard !breaker.isOpen, !transfers.isAbsent else { return false }
    let writer: ContentWriter
    do throws(ContentStoreError) { writer = try ContentWriter(store) } catch { return false }
    do throws(ArtifactError) {
      // One byte more than it has shows that it is too long.
      let isThere = try transfers.download(object, limit: limit + 1) { (bytes) throws(ArtifactError) in
        do throws(ContentStoreError) { try writer.write(bytes) } catch { throw .client(error.diagnostic) }
      }
      breaker.succeed()
      guard isThere else { return false }
    } catch {
      fail(error)
      return false
    }
    do throws(ContentStoreError) {
      try writer.finish(expecting: digest)
    } catch {
      notes.add("note: ignored the remote cache object \(object): its bytes do not match their digest")
      return false
    }
    count(namespace) { $0.downloadedBytes += Int64(writer.size) }
    return true
  }
}
