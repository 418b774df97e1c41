import Actions
import ContentStore
import Diagnostics
import Digests
import Synchronization
import SystemSupport
import Testing

@Suite("Running actions")
struct ActionRunnerTests {
  /// A folder with a store, gone with the value.
  final class Scratch: Sendable {
    let path: FilePath
    let store: ContentStore

    init() throws {
      path = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "actions-test"))
      store = ContentStore(root: path.appending("store"))
    }

    deinit { try? FileSystem.removeTree(path) }

    /// A shell action that has `cat` and makes the file `out`.
    func shell(_ command: String, outputs: [String] = ["out"]) throws -> Action {
      var action = Action(name: "test:action", arguments: ["sh", "-c", command])
      action.tools = try ["sh", "cat"].map { try ActionTool.find($0, for: "a test") }
      action.outputFiles = outputs
      return action
    }

    func text(_ outcome: ActionOutcome, _ path: String) throws -> String? {
      guard case .file(let content, _)? = outcome.outputs[path] else { return nil }
      return try store.open(content.digest).map { String(decoding: $0.bytes, as: UTF8.self) }
    }
  }

  private static let isolations: [Isolation] = {
    let detected = Isolation.detect()
    return [.none(reason: "a test"), detected].reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }()

  @Test(
    "A build step sees its inputs and writes its outputs; the second run takes them from the cache",
    arguments: isolations)
  func caching(isolation: Isolation) throws {
    let scratch = try Scratch()
    let input = scratch.path.appending("input")
    try FileSystem.write(text: "one", to: input)
    let runner = ActionRunner(store: scratch.store, isolation: isolation)
    func run() throws -> ActionOutcome {
      var action = try scratch.shell("cat sub/in > out; echo said; echo warned >&2")
      try action.inputs.add(file: input, at: "sub/in")
      return try runner.run(action)
    }
    let first = try run()
    #expect(!first.wasCached)
    #expect(try scratch.text(first, "out") == "one")
    let output = try scratch.store.open(first.result.standardOutput.digest).map { Array($0.bytes) }
    #expect(output == Array("said\n".utf8))
    let second = try run()
    #expect(second.wasCached)
    #expect(second.outputs == first.outputs && second.result == first.result)
    try FileSystem.write(text: "two", to: input)
    #expect(try scratch.text(try run(), "out") == "two")
    #expect(try FileSystem.list(scratch.store.root.appending("sandboxes")).isEmpty)
  }

  @Test("bubblewrap hides undeclared files and the network")
  func isolation() throws {
    let scratch = try Scratch()
    guard case .bubblewrap = Isolation.detect() else {
      Issue.record("bwrap does not work here: apt-get install bubblewrap")
      return
    }
    let secret = scratch.path.appending("secret")
    try FileSystem.write(text: "secret", to: secret)
    let action = try scratch.shell(
      """
      cat \(secret) 2>/dev/null && exit 1
      (echo x > /etc/passwd) 2>/dev/null && exit 2
      cat /proc/net/dev > out
      """)
    let outcome = try ActionRunner(store: scratch.store).run(action)
    // Two lines of heading and, at most, the loopback interface.
    let lines = try #require(try scratch.text(outcome, "out")).split(separator: "\n").dropFirst(2)
    #expect(lines.allSatisfy { $0.contains("lo:") }, "\(lines)")
  }

  @Test("Only the named tools are on the PATH", arguments: isolations)
  func tools(isolation: Isolation) throws {
    let scratch = try Scratch()
    let outcome = try ActionRunner(store: scratch.store, isolation: isolation).run(
      try scratch.shell("command -v cat >/dev/null || exit 9; command -v sed >/dev/null && exit 8; echo yes > out"))
    #expect(try scratch.text(outcome, "out") == "yes\n")
  }

  @Test("A failure shows the program's output, and keeps its directory on request", arguments: isolations)
  func failure(isolation: Isolation) throws {
    let scratch = try Scratch()
    let action = try scratch.shell("echo said; echo warned >&2; cat in; exit 3", outputs: [])
    var failing = action
    try failing.inputs.add(file: "/etc/hostname", at: "in")
    for kept in SandboxRetention.allCases {
      let notes = Mutex<[String]>([])
      let runner = ActionRunner(store: scratch.store, kept: kept, isolation: isolation) { note in
        notes.withLock { $0.append(note) }
      }
      let error = #expect(throws: ActionError.self) { try runner.run(failing) }
      let diagnostic = try #require(error?.diagnostic)
      #expect(diagnostic.blame == .work)
      #expect(diagnostic.summary == "the command of \"test:action\" failed with exit code 3")
      #expect(diagnostic.notes.first?.hasPrefix("standard output:\nsaid\n") == true)
      #expect(diagnostic.notes.last == "standard error:\nwarned")
      let folders = try FileSystem.list(scratch.store.root.appending("sandboxes")).filter { $0.kind == .directory }
      #expect(folders.isEmpty == (kept == .never))
      guard let folder = folders.first.map({ scratch.store.root.appending("sandboxes").appending($0.name) }) else {
        continue
      }
      // The script does it again.
      let again = try Subprocess(folder.appending("__run.sh").string).run()
      #expect(again.termination == .exited(3))
      #expect(again.errorText == "warned")
      try FileSystem.removeTree(folder)
    }
    // A failure is not kept.
    #expect(throws: ActionError.self) { try ActionRunner(store: scratch.store, isolation: isolation).run(failing) }
  }

  @Test("A program that exceeds its time limit ends with everything that it started", arguments: isolations)
  func timeout(isolation: Isolation) throws {
    let scratch = try Scratch()
    var action = Action(name: "test:slow", arguments: ["sh", "-c", "sleep 1000 & sleep 1000"])
    action.tools = try ["sh", "sleep"].map { try ActionTool.find($0, for: "a test") }
    action.timeoutSeconds = 1
    let error = #expect(throws: ActionError.self) {
      try ActionRunner(store: scratch.store, isolation: isolation).run(action)
    }
    #expect(error?.diagnostic.summary == "the command of \"test:slow\" took longer than its timeout of 1 s")
  }

  @Test("An error for missing outputs names them and the created files")
  func missingOutputs() throws {
    let scratch = try Scratch()
    let runner = ActionRunner(store: scratch.store)
    var action = try scratch.shell("echo x > other", outputs: ["out", "sub/out"])
    let error = #expect(throws: ActionError.self) { try runner.run(action) }
    #expect(error?.diagnostic.summary == "the command of \"test:action\" did not create \"out\", \"sub/out\"")
    #expect(error?.diagnostic.notes.first == "it created other")
    action.outputMatch = .allowEmpty
    #expect(try runner.run(action).outputs.isEmpty)
    action.outputFiles.append("other")
    action.outputMatch = .atLeastOne
    #expect(try runner.run(action).outputs.paths == ["other"])
  }

  @Test("An input that changes during a build step is an error, and nothing is cached")
  func movedInput() throws {
    let scratch = try Scratch()
    let input = scratch.path.appending("input")
    try FileSystem.write(text: "before", to: input)
    // Without isolation the action reaches the file itself.
    let runner = ActionRunner(store: scratch.store, isolation: .none(reason: "a test"))
    var action = try scratch.shell("cat in > out; echo after > \(input)")
    try action.inputs.add(file: input, at: "in")
    let moving = action
    #expect(throws: ActionError.inputChanged(action: "test:action", path: input)) { try runner.run(moving) }
    #expect(try LocalActionCache(scratch.store).result(of: action.keyInputs.digest, into: scratch.store) == nil)
  }

  @Test("An output that was damaged in the store is built again")
  func healing() throws {
    let scratch = try Scratch()
    let runner = ActionRunner(store: ContentStore(root: scratch.store.root, verifiedShare: 1))
    let action = try scratch.shell("echo made > out")
    let outcome = try runner.run(action)
    guard case .file(let content, _)? = outcome.outputs["out"] else { throw CancellationError() }
    try FileSystem.write(text: "MADE\n", to: scratch.store.path(of: content.digest))
    #expect(try !runner.run(action).wasCached)
    #expect(try runner.run(action).wasCached)
    #expect(try scratch.text(outcome, "out") == "made\n")
  }

  @Test("If eight processes want one build step at once, one runs it")
  func concurrency() throws {
    let scratch = try Scratch()
    let action = try scratch.shell("echo made > out; echo run >> \(scratch.path)/runs")
    let runs = Mutex(0)
    performInParallel(count: 8, threads: 8) { _ in
      let runner = ActionRunner(store: ContentStore(root: scratch.store.root), isolation: .none(reason: "a test"))
      guard let outcome = try? runner.run(action) else { return }
      runs.withLock { $0 += outcome.wasCached ? 0 : 1 }
    }
    #expect(runs.withLock { $0 } == 1)
    #expect(try FileSystem.readText(scratch.path.appending("runs")) == "run\n")
  }

  @Test("A far cache serves another machine, and its results are kept in the near cache")
  func layers() throws {
    let scratch = try Scratch()
    let far = LocalActionCache(ContentStore(root: scratch.path.appending("far")))
    func runner(_ store: ContentStore) -> ActionRunner {
      ActionRunner(store: store, cache: LayeredActionCache(near: LocalActionCache(store), far: far))
    }
    let action = try scratch.shell("echo made > out")
    #expect(try !runner(scratch.store).run(action).wasCached)
    let other = ContentStore(root: scratch.path.appending("other"))
    let outcome = try runner(other).run(action)
    #expect(outcome.wasCached)
    #expect(try other.tree(outcome.result.outputs) == outcome.outputs)
    try FileSystem.removeTree(scratch.path.appending("far"))
    #expect(try runner(other).run(action).wasCached)
  }

  @Test("After close(), running and later steps throw a cancellation, and every thread returns")
  func cancelled() throws {
    let scratch = try Scratch()
    let runner = ActionRunner(store: scratch.store, isolation: Isolation.none(reason: "a test"))
    let started = scratch.path.appending("started")
    let action = try scratch.shell("echo $$ >'\(started)'; cat /dev/zero >/dev/null")
    let errors = Mutex<[ActionError?]>([])
    // One runs a program, one has work of its own, and one ends both when they have begun.
    let working = Atomic<Bool>(false)
    performInParallel(count: 3, threads: 3) { index in
      do {
        switch index {
        case 0: _ = try runner.run(action)
        case 1:
          try runner.step {
            working.store(true, ordering: .releasing)
            while !FileSystem.exists(started) { pauseMilliseconds(1) }
            pauseMilliseconds(20)
          }
        default:
          while !working.load(ordering: .acquiring) || !FileSystem.exists(started) { pauseMilliseconds(1) }
          runner.close()
          return
        }
        errors.withLock { $0.append(nil) }
      } catch {
        errors.withLock { $0.append(error as? ActionError) }
      }
    }
    #expect(errors.withLock { $0 }.contains(.cancelled))
    #expect(throws: ActionError.cancelled) { try runner.step { Issue.record("it is too late for this") } }
    #expect(throws: ActionError.cancelled) { try runner.run(action) }
  }
}
