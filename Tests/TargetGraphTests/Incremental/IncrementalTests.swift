import Diagnostics
import SystemSupport
import TargetGraph
import Testing
import Workspace

/// Answers of a graph that goes on from what earlier runs knew, against those of one made from nothing.
@Suite struct IncrementalTests {
  /// What is asked.
  enum Question {
    case list, everything, closure(Int), dependents(Int), single(Int)
  }

  /// The answer as text: what is wrong counts as one.
  static func answer(_ root: FilePath, _ question: Question, fromNothing: Bool) -> String {
    var text = ""
    do {
      let workspace = try Workspace.find(from: root)
      let state = try WorkspaceState(of: workspace, isUsed: !fromNothing)
      if let note = state.note { text += note + "\n" }
      let graph = try TargetGraph.load(workspace, state: state)
      let resolver = DependencyResolver(graph: graph, sources: workspace)
      let ids = graph.sortedByAddress(graph.allTargets)
      func names(_ ids: [TargetID]) -> String {
        graph.sortedByAddress(ids).map { graph.name(of: $0) }.joined(separator: " ")
      }
      switch question {
      case .list:
        for id in ids {
          let target = graph[id]
          text += "\(graph.name(of: id)) \(target.typeName) \(target.tags) \(target.address == graph.address(of: id))"
          text += " \(target.file.map { graph.files.path(of: $0) } ?? "-") \(graph.resolve(of: id) ?? "-")"
          text += " \(names(graph.generated(by: id)))\n"
        }
      case .everything:
        for id in ids {
          do {
            text += "\(graph.name(of: id)) -> \(names(try resolver.dependencies(of: id)))\n"
          } catch {
            text += DiagnosticRenderer(color: false).render(error)
          }
        }
      case .closure(let number):
        guard !ids.isEmpty else { break }
        let id = ids[number % ids.count]
        text += "\(graph.name(of: id)) => \(names(try resolver.transitiveDependencies(of: [id])))\n"
      case .dependents(let number):
        guard !ids.isEmpty else { break }
        let id = ids[number % ids.count]
        text += "\(graph.name(of: id)) <= \(names(try resolver.dependents(of: [id], depth: .transitive)))\n"
      case .single(let number):
        guard !ids.isEmpty else { break }
        text += "\(names(try resolver.dependencies(of: ids[number % ids.count])))\n"
      }
      for warning in try resolver.warnings() { text += DiagnosticRenderer(color: false).render(warning) }
      resolver.save()
    } catch {
      text += DiagnosticRenderer(color: false).render(error)
    }
    return text
  }

  private static func question(_ random: inout SeededNumbers) -> Question {
    switch random.below(6) {
    case 0: .list
    case 1, 2: .everything
    case 3: .closure(random.below(1000))
    case 4: .dependents(random.below(1000))
    default: .single(random.below(1000))
    }
  }

  /// Edits a repository and compares after each edit; gives the number of errors among the answers.
  static func fuzz(seed: UInt64, edits: Int) throws {
    let repository = try RandomRepository(seed: seed)
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    let root = repository.root
    for step in 0..<edits {
      let before = repository.log.count
      try repository.edit()
      if repository.random.chance(10) {
        // An edit while a run is under way: that run may say either, the next one may not.
        let question = question(&repository.random)
        performInParallel(count: 2, threads: 2) { part in
          if part == 0 { _ = answer(root, question, fromNothing: false) } else { repository.editOrRecord() }
        }
      }
      let question = question(&repository.random)
      let incremental = answer(root, question, fromNothing: false)
      let cold = answer(root, question, fromNothing: true)
      if environmentVariable("KILT_FUZZ_VERBOSE") != nil {
        print(step, repository.log[before...], question, cold.prefix(300))
      }
      guard incremental == cold else {
        let edits = repository.log[max(0, before - 5)...].joined(separator: "\n  ")
        Issue.record(
          """
          seed \(seed), step \(step), \(question): a difference after
            \(edits)
          incremental:
          \(diff(incremental, cold))
          cold:
          \(diff(cold, incremental))
          """)
        return
      }
    }
  }

  /// The lines that the other does not have.
  private static func diff(_ text: String, _ other: String) -> String {
    let lines = Set(other.split(separator: "\n"))
    return text.split(separator: "\n").filter { !lines.contains($0) }.joined(separator: "\n")
  }

  @Test func aChangedDefaultReachesTheChildThatReadsIt() throws {
    let repository = try RandomRepository(empty: "[workspace]\n")
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    let defaults = "__defaults__({python_sources: dict(tags=[\"TAG\"])})\n"
    try repository.write("up/BUILD", defaults)
    try repository.write("up/mid/BUILD", "__defaults__({files: dict(tags=[*python_sources.tags.default, \"mid\"])})\n")
    try repository.write("up/mid/low/BUILD", "load(\"//tag.star\", \"own\")\ntarget(name=\"t\", tags=own(files))\n")
    try repository.write("tag.star", "def own(type):\n  return list(type.tags.default or []) + [\"own\"]\n")
    func tags() -> [Substring] {
      let incremental = Self.answer(repository.root, .list, fromNothing: false)
      #expect(incremental == Self.answer(repository.root, .list, fromNothing: true))
      return incremental.split(separator: "\n").filter { $0.hasPrefix("up/mid/low:t") }
    }
    #expect(tags().first?.contains("[\"TAG\", \"mid\", \"own\"]") == true)
    try repository.write("up/BUILD", defaults.split(separator: "TAG").joined(separator: "new"))
    #expect(tags().first?.contains("[\"new\", \"mid\", \"own\"]") == true)
    try repository.write("tag.star", "def own(type):\n  return list(type.tags.default or []) + [\"other\"]\n")
    #expect(tags().first?.contains("[\"new\", \"mid\", \"other\"]") == true)
    try repository.write("up/BUILD", "target(name=\"nothing\")\n__defaults__({python_sources: dict(tags=[])})\n")
    #expect(tags().first?.contains("[\"mid\", \"other\"]") == true)
  }

  @Test func anAddressThroughALinkIsWhatTheLinkLeadsTo() throws {
    let repository = try RandomRepository(empty: "[workspace]\n")
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    for name in ["one", "two"] {
      try repository.write("\(name)/BUILD", "python_sources()\ntarget(name=\"t\")\n")
      try repository.write("\(name)/m.py", "")
    }
    try repository.write(
      "use/BUILD", "target(name=\"u\", dependencies=[\"./link\", \"./link/m.py\", \"use/link:t\"])\n")
    let link = repository.root.appending("use/link")
    func answer() throws -> String {
      let incremental = Self.answer(repository.root, .everything, fromNothing: false)
      #expect(incremental == Self.answer(repository.root, .everything, fromNothing: true))
      return incremental
    }
    #expect(try answer().contains("does not exist"))
    try FileSystem.createSymbolicLink(at: link, to: "../one")
    #expect(try answer().contains("use:u -> one/m.py one:one one:t\n") == true)
    try FileSystem.removeFile(link)
    try FileSystem.createSymbolicLink(at: link, to: "../two")
    #expect(try answer().contains("use:u -> two/m.py two:t two:two\n") == true)
    try FileSystem.removeFile(link)
    #expect(try answer().contains("does not exist"))
    try FileSystem.createSymbolicLink(at: link, to: "../use/link")
    #expect(try answer().contains("does not exist"))
  }

  @Test(arguments: 1...4)
  func everyAnswerIsThatOfAColdRun(seed: UInt64) throws { try Self.fuzz(seed: seed, edits: 60) }

  /// The long mode: `KILT_FUZZ_EDITS=100000 swift test --filter manyEdits`, with `KILT_FUZZ_SEED` to go on from elsewhere.
  @Test func manyEditsGiveNoDifference() throws {
    guard let edits = environmentVariable("KILT_FUZZ_EDITS").flatMap(Int.init) else { return }
    var seed = environmentVariable("KILT_FUZZ_SEED").flatMap(UInt64.init) ?? 1000
    for done in stride(from: 0, to: edits, by: 500) {
      print("fuzz: seed \(seed), \(done) edits done")
      try Self.fuzz(seed: seed, edits: min(500, edits - done))
      seed += 1
    }
  }
}
