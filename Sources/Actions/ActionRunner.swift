public import ContentStore
internal import Diagnostics
public import Digests
internal import JSON
internal import Synchronization
public import SystemSupport

/// Which sandboxes stay when their action is over.
public enum SandboxRetention: String, Sendable, CaseIterable {
  case never
  case onFailure = "on_failure"
  case always
}

/// The outcome of an action.
public struct ActionOutcome: Sendable {
  /// Its outputs, all of which are in the store.
  public var result: ActionResult
  /// The outputs by path.
  public var outputs: FileTree
  /// Whether the result was taken from the cache.
  public var wasCached: Bool
  /// The directory of its run, if it was kept.
  public var sandbox: FilePath?
}

/// Runs actions, or takes their results from a cache; used by any number of threads.
public final class ActionRunner: Sendable {
  private let store: ContentStore
  private let cache: any ActionCache
  /// The value in this store alone: no other machine is asked.
  private let near: any ActionCache
  private let kept: SandboxRetention
  private let isolation: Mutex<Isolation?>
  private let note: @Sendable (String) -> Void
  private let watch: @Sendable (Event) -> Void
  private let cancellation = ProcessCancellation()
  private let steps = Mutex(Steps())

  /// Events for observers, sent by the threads that run actions.
  public enum Event: Sendable {
    case started(String)
    case finished(String)
  }

  /// The running actions.
  private struct Steps {
    var running = 0
    var isClosed = false
  }

  /// - Parameters:
  ///   - store: the source of inputs and the destination of outputs.
  ///   - cache: nil for the results that are in the store.
  ///   - isolation: nil to determine this machine's abilities when the first action runs.
  ///   - watch: called with the names of running actions, but not of those with known results.
  ///   - note: called with texts for the user: actions without isolation, paths of kept sandboxes.
  public init(
    store: ContentStore, cache: (any ActionCache)? = nil, kept: SandboxRetention = .never, isolation: Isolation? = nil,
    note: @escaping @Sendable (String) -> Void = { _ in }, watch: @escaping @Sendable (Event) -> Void = { _ in }
  ) {
    self.store = store
    self.watch = watch
    self.cache = cache ?? LocalActionCache(store)
    near = cache ?? LocalActionCache(store, asksOthers: false)
    self.kept = kept
    self.isolation = Mutex(isolation)
    self.note = note
  }

  /// Runs an action unless its result is known. Two processes that want the same action run it once.
  ///
  /// - Throws: ``ActionError`` when it fails, ends too late, does not make what it declares, or its inputs change
  ///   meanwhile; what the store and the system throw.
  public func run(_ action: Action) throws -> ActionOutcome {
    guard action.isCached else { return try step { try execute(action).outcome } }
    let key = try action.keyInputs.digest
    if let outcome = try lookUp(key, in: cache) { return outcome }
    // Waiting for another process is no step: an interruption need not wait for that.
    try FileSystem.createDirectories(store.root)
    let locks = try FileByteLocks(store.root.appending("actions.lock"))
    try locks.lock(key.bytes.prefix(7).reduce(0) { $0 << 8 | Int64($1) }, .exclusive)
    return try step {
      if let outcome = try lookUp(key, in: cache) { return outcome }
      let (outcome, moved) = try execute(action)
      if let moved { throw ActionError.inputChanged(action: action.name, path: moved) }
      try cache.keep(outcome.result, of: key, from: store)
      try share(action, outcome, key)
      return outcome
    }
  }

  /// The outcome of an action whose result is known on this machine; nil when it has to be run, or another machine may
  /// know it, which is asked meanwhile.
  public func known(_ action: Action, key: SHA256Digest) throws -> ActionOutcome? {
    guard action.isCached else { return nil }
    if let outcome = try lookUp(key, in: near) { return outcome }
    store.shared?.prefetch(LocalActionCache.namespace, [key], into: store)
    return nil
  }

  // MARK: Interruption

  /// Does something that leaves files half-made until it is over: ``close()`` waits for it.
  ///
  /// - Throws: what `body` throws; ``ActionError/cancelled`` once ``close()`` was called, whatever became of `body`: what it
  ///   threw may be due to that.
  public func step<Result>(_ body: () throws -> Result) throws -> Result {
    let isLate = steps.withLock { steps in
      if !steps.isClosed { steps.running += 1 }
      return steps.isClosed
    }
    if isLate { throw ActionError.cancelled }
    let result = Swift.Result { try body() }
    let isClosed = steps.withLock { steps in
      steps.running -= 1
      return steps.isClosed
    }
    if isClosed { throw ActionError.cancelled }
    return try result.get()
  }

  /// Ends the programs of all actions, and waits until their directories are gone. Nothing starts afterward.
  public func close() {
    steps.withLock { $0.isClosed = true }
    cancellation.cancel()
    let deadline = monotonicNanoseconds() + 10_000_000_000
    while steps.withLock({ $0.running > 0 }), monotonicNanoseconds() < deadline { pauseMilliseconds(2) }
  }

  private func lookUp(_ key: SHA256Digest, in cache: any ActionCache) throws -> ActionOutcome? {
    guard let result = try cache.result(of: key, into: store), let outputs = try store.tree(result.outputs) else {
      return nil
    }
    return ActionOutcome(result: result, outputs: outputs, wasCached: true, sandbox: nil)
  }

  /// Gives the result of an action that was just run to the other machines, unless it can depend on something that the
  /// key does not hold.
  private func share(_ action: Action, _ outcome: ActionOutcome, _ key: SHA256Digest) throws {
    guard let shared = store.shared, shared.takesOffers else { return }
    var blobs = [outcome.result.standardOutput, outcome.result.standardError]
    blobs += try outcome.outputs.nodes().map(\.reference)
    for path in outcome.outputs.paths {
      if case .file(let content, _)? = outcome.outputs[path] { blobs.append(content) }
    }
    var record = SharedRecord(
      LocalActionCache.namespace, key, value: outcome.result.json.bytes(), blobs: blobs,
      milliseconds: outcome.result.milliseconds, name: action.name)
    record.inputs = try action.keyInputs
    if action.usesNetwork { record.withheld = .network }
    if case .none = usableIsolation() { record.withheld = .noSandbox }
    record.localPaths =
      [store.root.string] + action.tools.flatMap(\.folders).map(\.string).filter { !Self.isOfSystem($0) }
    shared.offer(record, from: store)
  }

  private static func isOfSystem(_ path: String) -> Bool {
    ["/usr", "/bin", "/sbin", "/lib"].contains { path == $0 || path.hasPrefix($0 + "/") }
  }

  private func execute(_ action: Action) throws -> (outcome: ActionOutcome, moved: FilePath?) {
    let sandbox = try ActionSandbox(action, store: store, isolation: usableIsolation())
    if kept == .always { try keep(sandbox, action) }
    watch(.started(action.name))
    defer { watch(.finished(action.name)) }
    let start = monotonicNanoseconds()
    let ended: Subprocess.Outcome
    do throws(SystemCallError) {
      ended = try sandbox.command.run(cancellation: cancellation)
    } catch {
      throw ActionError.notStarted(action: action.name, error)
    }
    let milliseconds = Int64((monotonicNanoseconds() - start) / 1_000_000)
    var outputs = FileTree()
    do {
      guard ended.termination.isSuccess else {
        throw ActionError.failed(
          action: action.name, ended.termination, seconds: action.timeoutSeconds, output: Self.tail(ended.output),
          errorOutput: Self.tail(ended.errorOutput), sandbox: kept == .never ? nil : sandbox.folder)
      }
      outputs = try collect(action, sandbox.work, ended)
    } catch {
      if kept == .onFailure { try keep(sandbox, action) }
      throw error
    }
    let result = ActionResult(
      outputs: try store.put(outputs), standardOutput: try put(ended.output), standardError: try put(ended.errorOutput),
      milliseconds: milliseconds)
    let outcome = ActionOutcome(
      result: result, outputs: outputs, wasCached: false, sandbox: kept == .always ? sandbox.folder : nil)
    return (outcome, action.inputs.moved())
  }

  private func keep(_ sandbox: ActionSandbox, _ action: Action) throws {
    try sandbox.keep()
    note("kept the sandbox of \(action.name): run \(sandbox.folder)/__run.sh to run it again")
  }

  private func put(_ bytes: [UInt8]) throws -> BlobReference {
    try store.put(bytes)
    return .of(bytes)
  }

  private func usableIsolation() -> Isolation {
    isolation.withLock { isolation in
      if let isolation { return isolation }
      let found = Isolation.detect()
      if case .none(let reason) = found {
        note("note: build steps run without a sandbox, with access to the network and all files: \(reason)")
      }
      isolation = found
      return found
    }
  }

  // MARK: Outputs

  /// The outputs, put into the store.
  private func collect(_ action: Action, _ work: FilePath, _ ended: Subprocess.Outcome) throws -> FileTree {
    var tree = FileTree()
    var missing: [String] = []
    for path in action.outputFiles {
      // A link means its target: an output has its own contents.
      guard let status = try FileSystem.statusIfPresent(of: work.pushing(FilePath(path))), status.kind != .directory
      else {
        missing.append(path)
        continue
      }
      try store.ingest(work.pushing(FilePath(path)), as: path, into: &tree)
    }
    for path in action.outputFolders {
      let folder = path.isEmpty ? work : work.pushing(FilePath(path))
      guard let status = try FileSystem.statusIfPresent(of: folder), status.kind == .directory else {
        missing.append(path + "/")
        continue
      }
      try store.ingest(folder, as: path, into: &tree)
    }
    let declared = action.outputFiles.count + action.outputFolders.count
    let isError =
      switch action.outputMatch {
      case .all: !missing.isEmpty
      case .atLeastOne: declared > 0 && missing.count == declared
      case .allowEmpty: false
      }
    guard !isError else {
      throw ActionError.missingOutputs(
        action: action.name, missing, made: try made(action, work), output: Self.tail(ended.output),
        errorOutput: Self.tail(ended.errorOutput))
    }
    return tree
  }

  /// The files that the action created, for a message.
  private func made(_ action: Action, _ work: FilePath) throws -> [String] {
    var found: [String] = []
    var pending = [""]
    while let folder = pending.popLast(), found.count < 100 {
      for entry in try FileSystem.list(folder.isEmpty ? work : work.pushing(FilePath(folder))) {
        let path = folder.isEmpty ? entry.name : folder + "/" + entry.name
        if entry.kind == .directory {
          pending.append(path)
        } else if action.inputs.tree[path] == nil {
          found.append(path)
        }
      }
    }
    return found.sorted()
  }

  /// The end of a program's output: the last hundred lines of at most 16 KiB.
  private static func tail(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes.suffix(16 << 10), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let shown = lines.suffix(100).joined(separator: "\n")
    return String(shown.drop { $0.isNewline }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
