internal import Artifacts
internal import BuildFiles
internal import ContentStore
internal import Digests
internal import JSON
internal import RemoteCache

/// Whether the remote cache has the result of a target, and what differs from the newest result that it has.
struct RemoteExplanation {
  var isHit: Bool
  /// When the newest entry of the target was uploaded, in seconds since 1970; nil where there is none.
  var nearest: Int64?
  /// The inputs that differ from it.
  var changes: [InputList.Change] = []

  /// - Parameter shown: makes lines of changes.
  func lines(_ shown: ([InputList.Change]) -> [String]) -> [String] {
    if isHit { return ["  remote cache: hit"] }
    guard let nearest else { return ["  remote cache: miss, and no other entry of this target"] }
    return ["  remote cache: miss; different from the entry of \(RFC3339.text(nearest)):"] + shown(changes)
  }

  func json(_ value: (InputList.Change) -> JSONValue) -> JSONValue {
    .members([
      "state": isHit ? "hit" : "miss", "nearest": nearest.map { .string(RFC3339.text($0)) } ?? .null,
      "changes": .array(changes.map(value)),
    ])
  }
}

/// Asks the remote cache about targets.
struct RemoteExplainer {
  private let store: ContentStore
  private let cache: RemoteCache

  /// Nil for a store without a remote cache.
  init?(_ store: ContentStore) {
    guard let cache = store.shared as? RemoteCache else { return nil }
    self.store = store
    self.cache = cache
  }

  /// - Parameter namespace: of the record; nil for a target without a record of its own.
  /// - Returns: nil for a target that the remote cache has no entries of, and where it does not answer.
  func explain(_ inputs: InputList, _ namespace: String?, _ address: Address) throws -> RemoteExplanation? {
    guard let namespace else { return nil }
    if cache.bring(namespace, inputs.digest, into: store) != nil { return RemoteExplanation(isHit: true) }
    guard cache.answers else { return nil }
    guard let nearest = cache.nearest(namespace, address.description) else { return RemoteExplanation(isHit: false) }
    return RemoteExplanation(
      isHit: false, nearest: nearest.time ?? 0, changes: RemoteCache.changes(inputs, since: nearest))
  }
}
