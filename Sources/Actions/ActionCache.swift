public import ContentStore
public import Digests
internal import JSON

/// Results by the keys of actions: on this machine, or remote (the Remote Execution API's `ActionCache` with its
/// `ContentAddressableStorage`).
///
/// A failing cache is silent: an action that is not found is run. An error is thrown only if nobody could use the
/// cache.
public protocol ActionCache: Sendable {
  /// The result of an action, with everything that it names in `store` afterwards; nil when it is not known, or some of
  /// that is not to be had.
  func result(of action: SHA256Digest, into store: ContentStore) throws -> ActionResult?

  /// Stores a result whose files are all in `store`.
  func keep(_ result: ActionResult, of action: SHA256Digest, from store: ContentStore) throws
}

/// The results in a content store.
public struct LocalActionCache: ActionCache {
  /// The namespace of the records that hold results.
  public static let namespace = "action-1"
  private let cache: ContentStore
  private let asksOthers: Bool

  /// The results that are kept in a store: this machine's, or one in a folder that several machines share.
  ///
  /// - Parameter asksOthers: whether results come from the team's cache as well, where the store has one.
  public init(_ cache: ContentStore, asksOthers: Bool = true) {
    self.cache = cache
    self.asksOthers = asksOthers
  }

  public func result(of action: SHA256Digest, into store: ContentStore) throws -> ActionResult? {
    let result = try cache.value(Self.namespace, action, asksOthers: asksOthers) { bytes in
      // A damaged result is a miss: the step runs again.
      guard let json = try? JSONValue(parsing: bytes), let result = ActionResult(json: json),
        try cache.tree(result.outputs) != nil
      else { return ActionResult?.none }
      for output in [result.standardOutput, result.standardError] where !cache.holds(output) {
        do throws(ContentStoreError) { try cache.require(output.digest) } catch { return nil }
      }
      return result
    }
    if let result { try copy(result, from: cache, to: store) }
    return result
  }

  public func keep(_ result: ActionResult, of action: SHA256Digest, from store: ContentStore) throws {
    // What it names first: nobody finds a result whose outputs are not there yet.
    try copy(result, from: store, to: cache)
    try cache.setRecord(Self.namespace, action, to: result.json.bytes())
  }

  private func copy(_ result: ActionResult, from source: ContentStore, to target: ContentStore) throws {
    guard source.root != target.root else { return }
    guard let tree = try source.tree(result.outputs) else { throw ContentStoreError.missing(result.outputs.digest) }
    var contents = [result.standardOutput, result.standardError]
    for path in tree.paths { if case .file(let content, _)? = tree[path] { contents.append(content) } }
    for content in contents { try target.put(file: source.path(of: content.digest), expecting: content.digest) }
    try target.put(tree)
  }
}

/// A near cache before a far cache: results from the far cache are kept in the near one, and new results are kept in
/// both.
public struct LayeredActionCache: ActionCache {
  private let near: any ActionCache
  private let far: any ActionCache

  /// Asks `near` first.
  public init(near: some ActionCache, far: some ActionCache) {
    self.near = near
    self.far = far
  }

  public func result(of action: SHA256Digest, into store: ContentStore) throws -> ActionResult? {
    if let result = try near.result(of: action, into: store) { return result }
    guard let result = try far.result(of: action, into: store) else { return nil }
    try near.keep(result, of: action, from: store)
    return result
  }

  public func keep(_ result: ActionResult, of action: SHA256Digest, from store: ContentStore) throws {
    try near.keep(result, of: action, from: store)
    try far.keep(result, of: action, from: store)
  }
}
