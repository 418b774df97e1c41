import Actions
import ContentStore
import Digests
import Synchronization
import SystemSupport
import Testing

/// A cache elsewhere, as a server of the Remote Execution API is one: results by the digests of actions, and bytes by
/// their digests, `Directory` messages among them. Knows nothing of folders and stores.
private final class MemoryCache: ActionCache {
  private struct Contents {
    var results: [SHA256Digest: ActionResult] = [:]
    var blobs: [SHA256Digest: [UInt8]] = [:]
    var asked = 0
  }
  private let contents = Mutex(Contents())

  var asked: Int { contents.withLock { $0.asked } }

  func lose(_ digest: SHA256Digest) { contents.withLock { _ = $0.blobs.removeValue(forKey: digest) } }

  func result(of action: SHA256Digest, into store: ContentStore) throws -> ActionResult? {
    let (found, blobs) = contents.withLock { contents in
      contents.asked += 1
      return (contents.results[action], contents.blobs)
    }
    guard let found else { return nil }
    var pending = [found.outputs.digest]
    var files = [found.standardOutput.digest, found.standardError.digest]
    while let digest = pending.popLast() {
      guard let bytes = blobs[digest], let node = DirectoryNode(decoding: bytes) else { return nil }
      try store.put(bytes)
      pending += node.folders.map(\.node.digest)
      files += node.files.map(\.content.digest)
    }
    for digest in files {
      guard let bytes = blobs[digest] else { return nil }
      try store.put(bytes)
    }
    return found
  }

  func keep(_ result: ActionResult, of action: SHA256Digest, from store: ContentStore) throws {
    let tree = try #require(try store.tree(result.outputs))
    var blobs = try tree.nodes().map { ($0.reference.digest, $0.bytes) }
    var files = [result.standardOutput, result.standardError]
    for path in tree.paths { if case .file(let content, _)? = tree[path] { files.append(content) } }
    for file in files { blobs.append((file.digest, try FileSystem.read(store.path(of: file.digest)))) }
    contents.withLock { contents in
      for (digest, bytes) in blobs { contents.blobs[digest] = bytes }
      contents.results[action] = result
    }
  }
}

@Suite("Remote caches of results")
struct ActionCacheTests {
  private func action(_ scratch: ActionRunnerTests.Scratch) throws -> Action {
    var action = try scratch.shell("cat in > out; echo deep > sub/deep; echo said", outputs: ["out", "sub/deep"])
    let input = scratch.path.appending("in")
    try FileSystem.write(text: "contents", to: input)
    try action.inputs.add(file: input, at: "in")
    return action
  }

  @Test("A second machine takes a result with all its files from the cache of the first")
  func sharing() throws {
    let (here, there) = (try ActionRunnerTests.Scratch(), try ActionRunnerTests.Scratch())
    let far = MemoryCache()
    let isolation = Isolation.none(reason: "a test")
    func runner(_ scratch: ActionRunnerTests.Scratch) -> ActionRunner {
      let cache = LayeredActionCache(near: LocalActionCache(scratch.store), far: far)
      return ActionRunner(store: scratch.store, cache: cache, isolation: isolation)
    }
    let first = try runner(here).run(try action(here))
    #expect(!first.wasCached)
    let second = try runner(there).run(try action(there))
    #expect(second.wasCached && second.result == first.result && second.outputs == first.outputs)
    #expect(try there.text(second, "out") == "contents")
    #expect(try there.text(second, "sub/deep") == "deep\n")
    let said = try there.store.open(second.result.standardOutput.digest).map { Array($0.bytes) }
    #expect(said == Array("said\n".utf8))
    // Now it is near: the far one is not asked.
    let asked = far.asked
    #expect(try runner(there).run(try action(there)).wasCached)
    #expect(far.asked == asked)
  }

  @Test("A cache that lost part of a result counts as empty, and receives the part again")
  func losing() throws {
    let (here, there) = (try ActionRunnerTests.Scratch(), try ActionRunnerTests.Scratch())
    let far = MemoryCache()
    func run(_ scratch: ActionRunnerTests.Scratch) throws -> ActionOutcome {
      try ActionRunner(store: scratch.store, cache: far, isolation: .none(reason: "a test")).run(try action(scratch))
    }
    #expect(try !run(here).wasCached)
    far.lose(.of("deep\n"))
    #expect(try !run(there).wasCached)
    #expect(try run(here).wasCached)
  }
}
