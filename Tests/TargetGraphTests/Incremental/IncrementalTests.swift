import SystemSupport
import Testing

/// Answers of a graph that goes on from what earlier runs knew, against those of one made from nothing.
@Suite struct IncrementalTests {
  /// Edits a repository and compares after each edit.
  ///
  /// - Parameters:
  ///   - isAlone: whether no other test runs in this process: only then is its environment edited.
  /// - Returns: whether there was no difference.
  static func fuzz(seed: UInt64, edits: Int, isAlone: Bool) throws -> Bool {
    let repository = try RandomRepository(seed: seed, isAlone: isAlone)
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    let root = repository.root
    for step in 0..<edits {
      let before = repository.log.count
      try repository.edit()
      if repository.random.chance(10) {
        // An edit while a run is under way: that run may say either, the next one may not.
        let question = Question(&repository.random)
        performInParallel(count: 2, threads: 2) { part in
          if part == 0 {
            _ = Answer(root, question, fromNothing: false)
          } else {
            repository.editOrRecord()
          }
        }
      }
      let question = Question(&repository.random)
      var answers = [Answer(root, question, fromNothing: false)]
      if repository.random.chance(5) {
        // Two at once, on what the first has left.
        let both = Both()
        performInParallel(count: 2, threads: 2) { part in
          both.set(part, Answer(root, question, fromNothing: false))
        }
        answers += both.answers
      }
      let cold = Answer(root, question, fromNothing: true)
      if environmentVariable("KILT_FUZZ_VERBOSE") != nil {
        print(step, repository.log[before...], question, cold.text.prefix(300))
      }
      for (number, incremental) in answers.enumerated() {
        guard incremental.text == cold.text, incremental.note == nil || repository.isStateDamaged else {
          let edits = repository.log[max(0, before - 5)...].joined(separator: "\n  ")
          Issue.record(
            """
            seed \(seed), step \(step), answer \(number) to \(question): a difference after
              \(edits)
            incremental: \(incremental.note ?? "")
            \(difference(incremental.text, cold.text))
            cold:
            \(difference(cold.text, incremental.text))
            """)
          return false
        }
      }
    }
    return true
  }

  /// The answers of two threads.
  private final class Both: @unchecked Sendable {
    // Each thread writes its own, and they are read when both are done.
    private let places = UnsafeMutablePointer<Answer?>.allocate(capacity: 2)
    init() { places.initialize(repeating: nil, count: 2) }
    deinit {
      places.deinitialize(count: 2)
      places.deallocate()
    }
    func set(_ part: Int, _ answer: Answer) { places[part] = answer }
    var answers: [Answer] { (0..<2).compactMap { places[$0] } }
  }

  /// The lines that the other does not have; all where only their order differs.
  private static func difference(_ text: String, _ other: String) -> String {
    let lines = Set(other.split(separator: "\n"))
    let found = text.split(separator: "\n").filter { !lines.contains($0) }
    return found.isEmpty ? text : found.joined(separator: "\n")
  }

  @Test(arguments: 1...5)
  func everyAnswerIsThatOfAColdRun(seed: UInt64) throws {
    _ = try Self.fuzz(seed: seed, edits: 60, isAlone: false)
  }

  @Test func whatALinkLeadsToIsSeenWhenAllFilesAreLookedAtAtOnce() throws {
    let repository = try RandomRepository(empty: "[workspace]\n")
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    try repository.write("a/BUILD", "python_sources()\nfiles(name=\"f\", sources=[\"*.txt\"])\n")
    try repository.write("a/m.py", "import a.l\n")
    for name in ["code", "text"] { try repository.write("b/\(name)", "") }
    let root = repository.root
    try FileSystem.createSymbolicLink(at: root.appending("a/l.py"), to: "../b/code")
    try FileSystem.createSymbolicLink(at: root.appending("a/t.txt"), to: "../b/text")
    func check(_ what: String) {
      // Even numbers look at all files first, whatever the target.
      for number in stride(from: 0, to: 12, by: 2) {
        let incremental = Answer(root, .contents(number), fromNothing: false).text
        #expect(incremental == Answer(root, .contents(number), fromNothing: true).text, "\(what), \(number)")
      }
    }
    // Twice: what has only just been written is read again in any case.
    for _ in 1...2 { check("nothing new") }
    for name in ["code", "text"] {
      let path = root.appending("b").appending(name)
      try FileSystem.setPermissions(0o755, of: path)
      check("\(name) may be executed")
      try repository.write("b/\(name)", "import a.m\n")
      check("\(name) has changed")
    }
  }

  /// The long mode: `KILT_FUZZ_EDITS=100000 swift test --filter manyEdits`, with `KILT_FUZZ_SEED` to go on from elsewhere. A
  /// repository is edited 500 times, then the next seed makes another. It goes on after a difference, and counts them.
  @Test func manyEditsGiveNoDifference() throws {
    guard let edits = environmentVariable("KILT_FUZZ_EDITS").flatMap(Int.init) else { return }
    var seed = environmentVariable("KILT_FUZZ_SEED").flatMap(UInt64.init) ?? 1000
    var differences: [UInt64] = []
    for done in stride(from: 0, to: edits, by: 500) {
      print("fuzz: seed \(seed), \(done) edits done, differences of seeds \(differences)")
      do {
        if try !Self.fuzz(seed: seed, edits: min(500, edits - done), isAlone: true) {
          differences.append(seed)
        }
      } catch {
        // An edit that could not be made: to be mended as well, but the other seeds are tried first.
        Issue.record(error, "seed \(seed)")
        differences.append(seed)
      }
      seed += 1
    }
    print("fuzz: \(edits) edits, seeds up to \(seed - 1), differences of seeds \(differences)")
  }
}
