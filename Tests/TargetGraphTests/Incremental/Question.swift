import BuildFiles
import Diagnostics
import JSON
import SystemSupport
import TargetGraph
import Workspace

/// What the fuzzer asks a workspace.
enum Question {
  case list, everything, files, roots
  case closure(Int), dependents(Int), direct(Int), single(Int), peek(Int), paths(Int, Int)
  /// All that is built of a target, as far as it is not known to be as it was.
  case contents(Int)

  init(_ random: inout SeededNumbers) {
    let number = random.below(1000)
    self =
      switch random.below(15) {
      case 0, 1: .list
      case 2, 3: .everything
      case 4, 5: .closure(number)
      case 6, 7: .dependents(number)
      case 8: random.chance(50) ? .direct(number) : .single(number)
      case 9: .peek(number)
      case 10: random.chance(50) ? .files : .roots
      case 11: .paths(number, random.below(1000))
      default: .contents(random.below(24))
      }
  }
}

extension Question {
  /// Whether all files are looked at before anything is asked, as for packages and changed sets.
  fileprivate var looksAtAllFirst: Bool {
    switch self {
    case .closure(let number), .dependents(let number), .direct(let number), .single(let number), .contents(let number):
      number % 2 == 0
    case .list, .everything, .files, .roots, .peek, .paths: false
    }
  }
}

/// What a workspace answers, as text: what is wrong counts as an answer.
struct Answer {
  var text = ""
  /// What is said of state that cannot be used.
  var note: String?

  /// - Parameter fromNothing: asks a workspace of which nothing is known.
  init(_ root: FilePath, _ question: Question, fromNothing: Bool) {
    do {
      let workspace = try Workspace.find(from: root)
      let state = try WorkspaceState(of: workspace, isUsed: !fromNothing)
      note = state.note
      let graph = try TargetGraph.load(workspace, state: state)
      let resolver = DependencyResolver(graph: graph, sources: workspace)
      try answer(question, graph, resolver)
      for warning in try resolver.warnings() { text += DiagnosticRenderer(color: false).render(warning) }
      resolver.save()
    } catch {
      text += DiagnosticRenderer(color: false).render(error)
    }
  }

  private mutating func answer(_ question: Question, _ graph: TargetGraph, _ resolver: DependencyResolver) throws {
    if question.looksAtAllFirst { try resolver.lookAtAllFiles() }
    let ids = graph.sortedByAddress(graph.allTargets)
    func names(_ ids: [TargetID]) -> String {
      graph.sortedByAddress(ids).map { graph.name(of: $0) }.joined(separator: " ")
    }
    /// The target of this number, where there is any.
    func pick(_ number: Int) -> TargetID? { ids.isEmpty ? nil : ids[number % ids.count] }
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
    case .files: text += try resolver.files(of: ids).joined(separator: "\n") + "\n"
    case .roots: text += graph.usedSourceRoots().joined(separator: "\n") + "\n"
    case .closure(let number):
      guard let id = pick(number) else { break }
      text += "\(graph.name(of: id)) => \(names(try resolver.transitiveDependencies(of: [id])))\n"
    case .dependents(let number):
      guard let id = pick(number) else { break }
      text += "\(graph.name(of: id)) <= \(names(try resolver.dependents(of: [id], depth: .transitive)))\n"
    case .direct(let number):
      guard let id = pick(number) else { break }
      text += "\(graph.name(of: id)) <- \(names(try resolver.dependents(of: [id], depth: .direct)))\n"
    case .single(let number):
      guard let id = pick(number) else { break }
      text += "\(names(try resolver.dependencies(of: id)))\n"
    case .peek(let number):
      guard let id = pick(number) else { break }
      text += try resolver.peek(id).text(.pretty) + "\n"
    case .contents(let number):
      guard let id = pick(number / 2) else { break }
      text += try contents(of: id, graph, resolver)
    case .paths(let first, let second):
      guard let start = pick(first), let end = pick(second) else { break }
      for path in try resolver.paths(from: start, to: end) {
        text += path.map { graph.name(of: $0) }.joined(separator: " -> ") + "\n"
      }
    }
  }

  /// What is remembered of a target's closure, where nothing of it has changed since; otherwise what it holds, which is
  /// remembered as a package would be.
  private func contents(of id: TargetID, _ graph: TargetGraph, _ resolver: DependencyResolver) throws -> String {
    let states = try resolver.closureStates(of: [id])
    if let (record, generation) = graph.rememberedBuild(of: id), let state = states.first,
      state.changedAt <= generation
    {
      return String(decoding: record, as: UTF8.self)
    }
    var text = ""
    var directories: Set<String> = []
    for id in graph.sortedByAddress(Array(Set(try resolver.transitiveDependencies(of: [id]) + [id]))) {
      let target = graph[id]
      text += "\(graph.name(of: id)) \(target.typeName) \(target.tags) \(graph.resolve(of: id) ?? "-")"
      text += " \(graph.sortedByAddress(try resolver.dependencies(of: id)).map { graph.name(of: $0) })\n"
      guard let file = target.file, let root = graph.state?.root else { continue }
      let path = root.appending(graph.files.path(of: file))
      directories.insert(Paths.parent(graph.files.path(of: file)))
      text += "\(try FileSystem.status(of: path, followingLinks: true).isExecutable) \(try FileSystem.readText(path))\n"
    }
    // What makes packages of the directories is packed as well.
    for path in Set(try resolver.packageFiles(inAndAbove: directories)).sorted() {
      guard let root = graph.state?.root else { continue }
      text += "\(path) \(try FileSystem.readText(root.appending(path)))\n"
    }
    if graph.state?.isKept == true { try graph.remember(Array(text.utf8), ofBuild: id) }
    return text
  }
}
