public import Digests

/// The team's side of a store: records that other machines have made, with the blobs that they name.
///
/// Nothing here throws: a remote cache that fails is one that knows nothing. What it returns is checked.
public protocol SharedRecords: Sendable {
  /// Begins lookups of several records. Returns at once.
  func prefetch(_ namespace: String, _ keys: [SHA256Digest], into store: ContentStore)

  /// The value of a record; nil when it is not known, or not in time. Each blob that it names is in `store` afterwards,
  /// or can be supplied.
  func bring(_ namespace: String, _ key: SHA256Digest, into store: ContentStore) -> [UInt8]?

  /// Whether this machine gives what it makes to the others.
  var takesOffers: Bool { get }

  /// Takes a record that was just made, to be stored in the background.
  func offer(_ record: SharedRecord, from store: ContentStore)

  /// Whether a blob was named by a record that was brought, and can be asked for.
  func canSupply(_ digest: SHA256Digest) -> Bool

  /// Puts such a blob into `store`. Returns whether it is there now.
  func supply(_ digest: SHA256Digest, into store: ContentStore) -> Bool

  /// Puts a file of a known digest, such as a wheel of a lockfile, into `store`. Returns whether it is there now.
  func supplyFile(_ digest: SHA256Digest, into store: ContentStore) -> Bool

  /// Takes a file that was just fetched from elsewhere, to be stored in the background.
  func offerFile(_ digest: SHA256Digest, from store: ContentStore)

  /// Notes that a record was found in `store` itself.
  func noteLocalHit(_ namespace: String)

  /// Waits, within a bound, for what is to be stored. Does nothing the second time.
  func finish()
}

/// A record as one machine gives it to the others.
public struct SharedRecord: Sendable {
  public var namespace: String
  public var key: SHA256Digest
  public var value: [UInt8]
  /// The blobs that the value names, all in the store.
  public var blobs: [BlobReference]
  /// The time that it took to make.
  public var milliseconds: Int64
  /// The target that it was made for: an address.
  public var name: String
  /// The inputs that the key stands for; nil where nobody asks for them.
  public var inputs: InputList?
  /// The reason why it stays on this machine: it depends on something that its key does not hold.
  public var withheld: WithheldReason?
  /// Directories of this machine that no blob may name.
  public var localPaths: [String] = []

  public init(
    _ namespace: String, _ key: SHA256Digest, value: [UInt8], blobs: [BlobReference], milliseconds: Int64, name: String
  ) {
    self.namespace = namespace
    self.key = key
    self.value = value
    self.blobs = blobs
    self.milliseconds = milliseconds
    self.name = name
  }
}

/// The reason why a result is never uploaded.
public enum WithheldReason: String, Sendable, Hashable, CaseIterable {
  /// It was made without a sandbox, so it can depend on any file and variable of this machine.
  case noSandbox = "no_sandbox"
  /// The step had access to the network.
  case network
  /// It passed only when it was tried again, so it depends on time or chance.
  case flaky
  /// It names a directory of this machine.
  case localPath = "local_path"

  /// The reason for people.
  public var text: String {
    switch self {
    case .noSandbox: "built without a sandbox"
    case .network: "built with access to the network"
    case .flaky: "passed only after a retry"
    case .localPath: "contains a path of this machine"
    }
  }
}

extension ContentStore {
  /// A record as `read` reads it: of this store, or of the team's.
  ///
  /// - Parameters:
  ///   - asksOthers: whether the team's cache is asked.
  ///   - read: returns nil for a value that is of no use, such as one whose blobs are gone.
  public func value<Value>(
    _ namespace: String, _ key: SHA256Digest, asksOthers: Bool = true, _ read: ([UInt8]) throws -> Value?
  ) throws -> Value? {
    if let bytes = try record(namespace, key), let value = try read(bytes) {
      shared?.noteLocalHit(namespace)
      return value
    }
    guard asksOthers, let bytes = shared?.bring(namespace, key, into: self), let value = try read(bytes) else {
      return nil
    }
    // The fetched value is in this store from now on.
    try setRecord(namespace, key, to: bytes)
    return value
  }

  /// Begins lookups of the records that are not in this store.
  public func prefetch(_ namespace: String, _ keys: [SHA256Digest]) {
    guard let shared else { return }
    shared.prefetch(namespace, keys.filter { !hasRecord(namespace, $0) }, into: self)
  }

  /// Whether a blob is in this store, or can be fetched from the team's cache with ``require(_:)``.
  public func canRequire(_ digest: SHA256Digest) -> Bool { contains(digest) || shared?.canSupply(digest) == true }

  /// Has a blob in this store: it is there, or the team's cache has it.
  ///
  /// - Throws: ``ContentStoreError/missing(_:)`` when neither has it.
  public func require(_ digest: SHA256Digest) throws(ContentStoreError) {
    if contains(digest) { return }
    guard let shared, shared.canSupply(digest), shared.supply(digest, into: self) else { throw .missing(digest) }
  }
}
