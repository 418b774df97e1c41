internal import BuildFiles
internal import Diagnostics
internal import Starlark
internal import StarlarkSyntax
internal import TargetGraph
internal import Workspace

/// One check of the `dependencies` of a workspace: the edits of one kind that can be made at once.
struct MendingRound {
  enum Kind {
    /// Removes entries that inference makes redundant.
    case removal
    /// Settles ambiguities.
    case settling
  }

  /// The way of editing a file.
  enum Treatment {
    /// Removes an argument without remaining entries.
    case free
    /// It stays, as an empty list.
    case careful
    /// Changes nothing, because that would change the dependencies of targets.
    case none

    /// The next more careful one.
    var more: Treatment { self == .free ? .careful : .none }
  }

  let kind: Kind
  private(set) var edits: [String: [TextEdit]] = [:]
  private(set) var steps: [String: [BuildFileStep]] = [:]
  /// Additional dependencies of targets, by address.
  private(set) var additions: [String: Set<String>] = [:]
  private(set) var leftAlone: [Diagnostic] = []

  private let workspace: Workspace
  let resolver: DependencyResolver
  var graph: TargetGraph { resolver.graph }
  let ambiguities: [TargetID: [Ambiguity]]
  private let treatment: [String: Treatment]
  private var texts: [String: BuildFileText] = [:]

  /// The targets that come from one call, and read its fields: the declared ones, or those that they generate.
  private struct Declared {
    var declaration: TargetDeclaration
    var address: Address
    var ids: [TargetID]
  }

  /// A check of the BUILD files of these directories. All dependencies have been resolved before.
  init(
    _ kind: Kind, _ workspace: Workspace, _ resolver: DependencyResolver, directories: Set<String>,
    treatment: [String: Treatment]
  ) throws {
    self.kind = kind
    self.workspace = workspace
    self.resolver = resolver
    self.treatment = treatment
    ambiguities = kind == .settling ? Self.ambiguities(of: resolver) : [:]
    for declared in declaredTargets(in: directories) {
      try mendArgument(of: declared)
      try mendOverrides(of: declared)
    }
  }

  private func declaredTargets(in directories: Set<String>) -> [Declared] {
    let ignored = workspace.configuration.tailoring.ignorePaths.map { GlobPattern($0) }
    var places: [String: Int] = [:]
    var found: [Declared] = []
    for id in graph.sortedByAddress(graph.allTargets) where !graph.isGenerator(id) {
      switch graph.type(of: id) {
      case .lockfile, .lockfiles, .generatorSources: continue
      default: break
      }
      let target = graph[id]
      let declaration = target.declaration
      let path = declaration.site.path
      // Targets that follow from a pyproject.toml are in no BUILD file.
      guard declaration.site.isCall else { continue }
      guard directories.contains(target.address.directory), !ignored.contains(where: { $0.matches(path) }) else {
        continue
      }
      let key = "\(path) \(declaration.site.offset) \(declaration.name)"
      if let place = places[key] {
        found[place].ids.append(id)
      } else {
        places[key] = found.count
        let address = Address(directory: target.address.directory, name: declaration.name)
        found.append(Declared(declaration: declaration, address: address, ids: [id]))
      }
    }
    return found
  }

  // MARK: The argument of a call

  private mutating func mendArgument(of declared: Declared) throws {
    let takers = declared.ids.filter { !graph[$0].hasOwnDependencies }
    guard let first = takers.first else { return }
    let entries = graph[first].strings(of: "dependencies")
    let mends = try mends(declared.address.description, entries, takenBy: takers)
    for ambiguity in mends.unsettled { leave(declared, ambiguity) }
    guard !mends.isEmpty, let text = try text(for: declared, mends) else { return }
    let site = declared.declaration.site
    guard let call = text.call(of: declared.declaration.typeName, at: site.offset) else {
      return leave(declared, mends, "it comes from a macro, a loop or a condition")
    }
    if let argument = text.argument("dependencies", of: call) {
      guard let list = text.list(argument.value) else {
        return leave(declared, mends, "its dependencies are more than a plain list")
      }
      let removed = try mend(list, in: text, mends, at: site)
      guard treatment[site.path] != .careful, !removed.isEmpty, removed.count == list.elements.count,
        !text.hasOtherComments(in: list, besides: text.removal(of: removed, from: list))
      else { return }
      // No entry is left: the whole argument is removed.
      edits[site.path]?.append(contentsOf: text.removal(of: [argument.element], from: call))
      return
    }
    guard declared.declaration.given("dependencies") == nil else {
      return leave(declared, mends, "its dependencies come from __defaults__ or from **")
    }
    if text.hasStars(call) { return leave(declared, mends, "its fields come from * or **") }
    note(mends, removed: [], in: site.path)
    let list = mends.settled.map { Quoting.quoted($0.entry) }.joined(separator: ", ")
    edits[site.path, default: []] += text.insertion(
      of: ["dependencies=[\(list)]"], into: call, indent: workspace.configuration.tailoring.buildFileIndent)
  }

  // MARK: Overrides

  private mutating func mendOverrides(of declared: Declared) throws {
    let owners = declared.ids.filter { graph[$0].hasOwnDependencies }
    var open: [TargetID: FieldMends] = [:]
    for id in owners {
      let found = try mends(graph.name(of: id), graph[id].strings(of: "dependencies"), takenBy: [id])
      for ambiguity in found.unsettled { leave(declared, ambiguity) }
      if !found.isEmpty { open[id] = found }
    }
    guard let first = owners.compactMap({ open[$0] }).first, let text = try text(for: declared, first) else { return }
    for place in try overridePlaces(of: declared, in: text) {
      let takers = owners.filter { id in
        let address = graph[id].address
        let name = address.file ?? address.generated ?? ""
        return place.keys.contains { $0 == name || GlobPattern($0).matches(name) }
      }
      guard let taker = takers.first, takers.contains(where: { open[$0] != nil }) else { continue }
      for id in takers { open[id] = nil }
      let name = takers.count == 1 ? graph.name(of: taker) : declared.address.description
      let found = try mends(name, graph[taker].strings(of: "dependencies"), takenBy: takers)
      if !found.isEmpty { _ = try mend(place.list, in: text, found, at: declared.declaration.site) }
    }
    for id in graph.sortedByAddress(Array(open.keys)) {
      if let found = open[id] { leave(declared, found, "its dependencies are not a plain list in overrides") }
    }
  }

  /// The lists of `dependencies` in the overrides of a call, with the files or names that they are for.
  private func overridePlaces(
    of declared: Declared, in text: BuildFileText
  ) throws -> [(keys: [String], list: BuildFileText.Brackets)] {
    guard let call = text.call(of: declared.declaration.typeName, at: declared.declaration.site.offset),
      let argument = text.argument("overrides", of: call), let entries = text.entries(argument.value)
    else { return [] }
    var found: [(keys: [String], list: BuildFileText.Brackets)] = []
    for entry in entries {
      for field in text.entries(entry.value) ?? [] where try text.keys(field.key) == ["dependencies"] {
        if let list = text.list(field.value) { found.append((try text.keys(entry.key), list)) }
      }
    }
    return found
  }

  // MARK: Edits

  /// Records the edits of one list; returns the removed elements.
  private mutating func mend(
    _ list: BuildFileText.Brackets, in text: BuildFileText, _ mends: FieldMends, at site: DeclarationSite
  ) throws -> Set<Int> {
    var removed: Set<Int> = []
    var names: [String] = []
    for (index, element) in list.elements.enumerated() {
      guard let name = try text.string(element.tokens), mends.redundant.contains(name) else { continue }
      if text.isKept(element) { continue }
      removed.insert(index)
      if !names.contains(name) { names.append(name) }
    }
    note(mends, removed: names, in: site.path)
    let found =
      mends.settled.isEmpty
      ? text.removal(of: removed, from: list)
      : text.insertion(
        of: mends.settled.map { Quoting.quoted($0.entry) }, into: list,
        indent: workspace.configuration.tailoring.buildFileIndent)
    if !found.isEmpty { edits[site.path, default: []] += found }
    return removed
  }

  private mutating func note(_ mends: FieldMends, removed: [String], in path: String) {
    if removed.isEmpty, mends.settled.isEmpty { return }
    steps[path, default: []] += removed.map { .removeDependency($0, of: mends.target) }
    for settlement in mends.settled {
      steps[path, default: []].append(
        .settle(
          entry: settlement.entry, of: mends.target, need: settlement.need, taken: graph.name(of: settlement.provider)))
    }
    for gain in mends.gains {
      additions[graph.name(of: gain.taker), default: []].formUnion(
        resolver.expandingGenerators([gain.provider]).map { graph.name(of: $0) })
    }
  }

  /// The text of the file of a call; nil, with a word about it, where changes to it were tried in vain.
  private mutating func text(for declared: Declared, _ mends: FieldMends) throws -> BuildFileText? {
    let path = declared.declaration.site.path
    if treatment[path] == Treatment.none {
      leave(declared, mends, "changes to the file lead to other dependencies than they should")
      return nil
    }
    if let known = texts[path] { return known }
    do {
      let text = try BuildFileText(path: path, bytes: try workspace.text(ofBuildFile: path))
      texts[path] = text
      return text
    } catch let error as StarlarkError {
      throw Diagnostic(.defect, "\"\(path)\" was evaluated and cannot be read: \(error.message)")
    }
  }

  private mutating func leave(_ declared: Declared, _ ambiguity: Ambiguity) {
    let names = ambiguity.needs.map { "\"\($0.text)\"" }.joined(separator: ", ")
    leftAlone.append(
      Diagnostic(
        .input, "cannot settle where \(names) comes from for \"\(declared.address)\"",
        at: declared.declaration.site.location(field: "dependencies"),
        notes: [
          "provided by " + ambiguity.providers.map { graph.name(of: $0) }.joined(separator: ", "),
          "other imports of the same targets need more than one of these providers",
        ], remedies: ["name the provider in dependencies", "declare a separate target for the file that imports it"]))
  }

  private mutating func leave(_ declared: Declared, _ mends: FieldMends, _ reason: String) {
    var notes: [String] = []
    if !mends.redundant.isEmpty {
      notes.append("inference makes redundant: " + mends.redundant.map { "\"\($0)\"" }.joined(separator: ", "))
    }
    notes += mends.settled.map { "\"\($0.entry)\" would settle where \"\($0.need)\" comes from" }
    leftAlone.append(
      Diagnostic(
        .input, "cannot fix the dependencies of \"\(mends.target)\": \(reason)",
        at: declared.declaration.site.location(field: "dependencies"), notes: notes))
  }
}

extension BuildFileText {
  /// Whether a comment `# keep` follows an element.
  func isKept(_ element: Element) -> Bool {
    let end = tokens[element.comma ?? element.tokens.upperBound].end
    guard let comment = rest(ofLineAt: end)?.comment else { return false }
    let words = String(decoding: comment.drop { $0 == 0x23 }, as: UTF8.self).split(separator: " ")
    return words.first.map { $0.prefix { $0.isLetter } == "keep" } ?? false
  }
}
