import Actions
import BuildFiles
import ContentStore
import Diagnostics
import Digests
import SystemSupport
import TargetGraph
import Testing
import Workspace

@testable import BuildCommands
@testable import PythonCommands

/// What `--changed-since` selects contains every package and test whose key differs, over random pairs of commits.
@Suite struct ChangedSelectionTests {
  /// A repository whose commits are random edits of a random workspace.
  private final class History {
    let workspace: RandomWorkspace
    var root: FilePath { workspace.root }
    private(set) var commits: [(id: String, edits: [String], keys: [String: SHA256Digest])] = []

    init(seed: UInt64, commits count: Int) throws {
      workspace = try RandomWorkspace(seed: seed)
      try git("init", "-q")
      // What Kilt keeps is no part of any commit.
      try FileSystem.write(text: ".kilt\n.cache\n", to: root.appending(".git/info/exclude"))
      var numbers = SeededNumbers(seed &+ 1)
      for number in 0..<count {
        let edits = number == 0 ? [] : try workspace.edit(1 + numbers.below(3))
        try git("add", "-A")
        try git("commit", "-q", "--allow-empty", "-m", "\(number)")
        let id = try git("rev-parse", "HEAD")
        try checkOut(id)
        commits.append((id, edits, try keys()))
      }
    }

    @discardableResult
    func git(_ arguments: String...) throws -> String {
      let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
      let outcome = try Subprocess("git", ["-C", root.string] + identity + arguments).run()
      try #require(outcome.termination.isSuccess, "\(arguments): \(outcome.errorText)")
      return outcome.text
    }

    /// Has the files be those of a commit, with nothing besides.
    func checkOut(_ commit: String) throws {
      try git("checkout", "-q", commit)
      try git("clean", "-fdxq", "-e", ".kilt", "-e", ".cache")
    }

    /// What every package and test is made from, by address.
    private func keys() throws -> [String: SHA256Digest] {
      let workspace = try Workspace.find(from: root)
      let graph = try TargetGraph.load(workspace, state: try WorkspaceState(of: workspace, isUsed: false))
      let resolver = DependencyResolver(graph: graph, sources: workspace)
      let store = ContentStore(root: root.appending(".cache"))
      let builder = TargetBuilder(
        workspace: workspace, resolver: resolver, store: store, runner: ActionRunner(store: store))
      var found: [String: SHA256Digest] = [:]
      for id in graph.allTargets {
        let target = graph[id]
        var list: [String] = [workspace.configuration.pythonVersion ?? ""]
        do {
          switch target.type {
          case .pexBinary: list.append(try builder.bundleInputs(try resolver.bundlePlan(for: id)).key.hex)
          case .pythonDistribution:
            let plan = try builder.distributionPlan(id)
            for part in [plan.modules, plan.resources, plan.files] {
              for path in part.tree.paths { list.append("\(path) \(try digest(path))") }
            }
            list += plan.requires + graph.interpreterConstraints(of: target)
          case .pythonTest:
            let plan = try TestPlanner(resolver).plan(id)
            for file in plan.files { list.append("\(file.treePath) \(try digest(file.path))") }
            list += plan.sourceRoots + plan.requirements.map(\.text) + plan.interpreterConstraints + plan.environment
            list.append("\(workspace.configuration.testing)")
          default: continue
          }
        } catch let error as any DiagnosableError {
          list.append(error.diagnostic.summary)
        }
        found[graph.name(of: id)] = .of(list.joined(separator: "\n"))
      }
      return found
    }

    private func digest(_ path: String) throws -> String {
      let file = root.appending(path)
      return "\(try SHA256Digest.ofFile(file).digest) \(try FileSystem.status(of: file).isExecutable)"
    }
  }

  private static let pairs = environmentVariable("KILT_FUZZ_PAIRS").flatMap { Int($0) } ?? 12
  private static let seeds = environmentVariable("KILT_FUZZ_SEED").flatMap { Int($0) }.map { $0..<($0 + 1000) } ?? 0..<5

  @Test("--changed-since selects every product and test whose cache key differs")
  func selection() throws {
    var (needed, selected, all, wrong, pairs) = (0, 0, 0, 0, 0)
    var left = Self.pairs * 5
    for seed in Self.seeds where left > 0 {
      let history = try History(seed: UInt64(seed), commits: 7)
      var numbers = SeededNumbers(UInt64(seed) &+ 2)
      for _ in 0..<min(left, Self.pairs) {
        left -= 1
        pairs += 1
        let first = numbers.below(history.commits.count - 1)
        let second = first + 1 + numbers.below(history.commits.count - 1 - first)
        let (old, new) = (history.commits[first], history.commits[second])
        try history.checkOut(new.id)
        let workspace = try Workspace.find(from: history.root)
        let graph = try TargetGraph.load(workspace)
        let resolver = DependencyResolver(graph: graph, sources: workspace)
        var change = ChangedTargets(workspace, resolver)
        let found: Set<String>
        do {
          found = Set(try change.find(since: old.id, depth: .transitive).map { graph.name(of: $0) })
        } catch let error as any DiagnosableError {
          // The commit itself is wrong, as it names a target that an edit took away: every verb says so.
          #expect(error.diagnostic.summary.contains("does not exist"), "\(error.diagnostic.summary)")
          wrong += 1
          continue
        }
        resolver.save()
        let differing = Set(new.keys.filter { old.keys[$0.key] != $0.value }.keys)
        let edits = history.commits[(first + 1)...second].flatMap { $0.edits }
        let missing = differing.subtracting(found)
        #expect(missing.isEmpty, "seed \(seed), \(first) to \(second): \(missing.sorted()) after \(edits)")
        needed += differing.count
        selected += found.filter { new.keys[$0] != nil }.count
        all += new.keys.count
      }
    }
    print("changed-since: \(needed) of \(all) packages and tests differ, \(selected) were selected")
    // Not everything counts as changed all the time.
    #expect(selected < all)
    #expect(wrong * 2 < pairs)
  }
}
