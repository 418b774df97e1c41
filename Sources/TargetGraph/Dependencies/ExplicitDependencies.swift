public import BuildFiles
internal import Diagnostics
internal import Workspace

/// The dependencies that a target's fields name.
struct ExplicitDependencies {
  /// The targets named.
  var included: [TargetID] = []
  /// The targets after `!`, and after `!!`.
  var excluded: Set<TargetID> = []
  /// The targets after `!!`: they are removed from all transitive dependencies of this target.
  var transitivelyExcluded: Set<TargetID> = []

  /// Whether a target, or the generator of it, is excluded.
  func excludes(_ id: TargetID, in graph: TargetGraph) -> Bool {
    if excluded.isEmpty { return false }
    return excluded.contains(id) || graph[id].generator.map(excluded.contains) ?? false
  }

  /// Whether a target, or the generator of it, is named.
  func covers(_ id: TargetID, in graph: TargetGraph) -> Bool {
    included.contains(id) || graph[id].generator.map(included.contains) ?? false
  }
}

extension TargetType {
  /// Whether `!!` has a meaning in `dependencies`: only in targets at which the search for dependencies begins.
  var takesTransitiveExclusions: Bool {
    switch self {
    case .pexBinary, .pexBinaries, .pythonDistribution, .pythonTest, .pythonTests, .shunit2Test, .shunit2Tests,
      .shellCommand, .adhocTool, .dockerImage, .foreign:
      true
    default: false
    }
  }
}

extension TargetGraph {
  /// Fields other than `dependencies` whose addresses are dependencies as well.
  private static let furtherFields = [
    "packages", "files", "files_targets", "runtime_package_dependencies", "execution_dependencies",
    "output_dependencies", "runnable_dependencies", "fingerprint_dependencies", "runnable", "inputs",
  ]

  /// Looks up the addresses in a target's fields.
  ///
  /// - Throws: `Diagnostic` for an address that does not exist, with its location in the BUILD file.
  func explicitDependencies(of target: Target, trace: LookupTrace? = nil) throws -> ExplicitDependencies {
    var result = ExplicitDependencies()
    for text in target.strings(of: "dependencies") {
      let marks = text.prefix { $0 == "!" }.count
      let ids = try lookUp(
        String(text.dropFirst(marks)), field: "dependencies", of: target, written: text, trace: trace)
      switch marks {
      case 0: result.included += try variant(among: ids, of: text, for: target)
      case 1: result.excluded.formUnion(ids)
      default:
        guard target.type.takesTransitiveExclusions else {
          throw Diagnostic(
            .input,
            "cannot use \"\(text)\" in \"\(target.address)\": \(target.typeName) targets do not support transitive excludes",
            at: target.declaration.site.location(field: "dependencies", text: text),
            remedies: [
              "write \"\(text.dropFirst())\" to exclude an inferred dependency, or \"\(text)\" in the target that is built or run"
            ])
        }
        result.excluded.formUnion(ids)
        result.transitivelyExcluded.formUnion(ids)
      }
    }
    for field in Self.furtherFields where target.type.field(named: field) != nil {
      if field == "files", target.type != .archive { continue }
      for text in target.strings(of: field) {
        result.included += try lookUp(text, field: field, of: target, written: text, trace: trace)
      }
    }
    return result
  }

  /// The targets that a field of addresses names.
  ///
  /// - Throws: `Diagnostic` for an address that does not exist, with its location in the BUILD file.
  public func targets(inField field: String, of target: Target) throws -> [TargetID] {
    try target.strings(of: field).flatMap { try lookUp($0, field: field, of: target, written: $0) }
  }

  /// The targets of an address as a field writes it.
  func lookUp(
    _ text: String, field: String, of target: Target, written: String, trace: LookupTrace? = nil
  ) throws -> [TargetID] {
    let site = target.declaration.site
    let reference: AddressReference
    do throws(AddressError) {
      reference = try AddressReference(parsing: text, relativeTo: target.address.directory)
    } catch {
      var diagnostic = error.diagnostic
      diagnostic.location = site.location(field: field, text: written)
      throw diagnostic
    }
    let found = targets(of: reference, trace: trace)
    guard found.isEmpty else { return found }
    var diagnostic = missingTarget(reference, text: text)
    diagnostic.summary = "the target \"\(text)\", a dependency of \"\(target.address)\", does not exist"
    diagnostic.location = site.location(field: field, text: written)
    if text.contains("*") {
      diagnostic.notes = ["dependencies are addresses; globs select files, in sources"]
      diagnostic.remedies = ["name the target that has the files among its sources"]
    }
    throw diagnostic
  }

  /// Of the variants of a parametrized target, the first whose distinguishing fields match those of the dependent
  /// target, unless the address names the variant (Pants: `_TargetParametrizations.get_subset`).
  ///
  /// - Throws: `Diagnostic` if none matches, with the existing addresses.
  private func variant(among found: [TargetID], of text: String, for target: Target) throws -> [TargetID] {
    guard found.count > 1, let first = found.first, !self[first].address.parameters.isEmpty else { return found }
    let named = text.firstIndex(of: "@").map { text[$0...] } ?? ""
    let fitting = found.first { id in
      let candidate = self[id]
      return candidate.address.parameters.allSatisfy { parameter in
        guard !named.contains("\(parameter.key)="), candidate.type.field(named: parameter.key) != nil else {
          return true
        }
        return target.type.field(named: parameter.key) != nil
          && value(of: parameter.key, of: target) == value(of: parameter.key, of: candidate)
      }
    }
    if let fitting { return [fitting] }
    throw Diagnostic(
      .input, "\"\(text)\", a dependency of \"\(target.address)\", is parametrized, and none of its variants fits",
      at: target.declaration.site.location(field: "dependencies", text: text),
      notes: ["its variants: " + found.map { "\"\(address(of: $0))\"" }.joined(separator: ", ")],
      remedies: ["name one of them, or give the target the same values"])
  }

  /// A field's value, for `resolve` with the default of the workspace.
  private func value(of field: String, of target: Target) -> FieldValue {
    field == "resolve" ? resolve(of: target).map { .string($0) } ?? .none : target.value(of: field)
  }

  /// The targets that a reference names: the one generated from a file, or those of a directory.
  ///
  /// A path through a link to a directory means the declaration at the link's target: Pants would declare it there a
  /// second time.
  public func targets(of reference: AddressReference) -> [TargetID] { targets(of: reference, trace: nil) }

  func targets(of reference: AddressReference, trace: LookupTrace?) -> [TargetID] {
    trace?.add(path: reference.path)
    let found = targets(withoutLinks: reference)
    guard found.isEmpty, let (path, links) = files.followingLinks(reference.path) else { return found }
    for link in links { trace?.add(path: link) }
    trace?.add(path: path)
    var target = reference
    target.path = path
    return targets(withoutLinks: target)
  }

  private func targets(withoutLinks reference: AddressReference) -> [TargetID] {
    if files.file(at: reference.path) != nil, let address = reference.ofFile {
      return targets(at: address)
    }
    guard let address = reference.inDirectory else { return [] }
    let found = targets(at: address)
    guard found.isEmpty, let generated = address.generated else { return found }
    return requirements(named: generated, at: address)
  }

  /// The requirements of a package by another spelling of its name: versions of Pants differ in whether they keep the spelling of
  /// a requirements file, and a plain `python_requirement` stands for each of its packages.
  private func requirements(named generated: String, at address: Address) -> [TargetID] {
    var base = address
    base.generated = nil
    base.parameters = []
    let name = RequirementLine.normalize(generated)
    return targets(at: base).flatMap { id -> [TargetID] in
      if type(of: id) == .pythonRequirement {
        let own = self[id].strings(of: "requirements").compactMap { RequirementLine($0)?.normalizedName }
        return own.contains(name) ? [id] : []
      }
      return self.generated(by: id).filter { other in
        guard type(of: other) == .pythonRequirement, let spelled = self.address(of: other).generated else {
          return false
        }
        return RequirementLine.normalize(spelled) == name
          && (address.parameters.isEmpty || self.address(of: other).parameters == address.parameters)
      }
    }
  }

  /// What is wrong with a reference that names nothing, and what may have been meant.
  func missingTarget(_ reference: AddressReference, text: String) -> Diagnostic {
    var diagnostic = Diagnostic(.input, "the target \"\(text)\" does not exist")
    if let path = Paths.normalized(text), path != reference.path,
      files.file(at: path) != nil || files.directory(at: path) != nil
    {
      diagnostic.notes = ["there is a path of this name, which holds marks that have a meaning in addresses"]
      diagnostic.remedies = ["write \"\(Paths.escaped(path))\" for it"]
      return diagnostic
    }
    if files.file(at: reference.path) != nil {
      diagnostic.notes = ["no target owns the file \"\(reference.path)\" under that name"]
      diagnostic.remedies = ["declare a target with the file in its sources"]
      return diagnostic
    }
    let ids = targets(inDirectory: reference.path).filter { self[$0].address.file == nil }
    if ids.isEmpty {
      let directories = directoriesWithTargets
      diagnostic.notes =
        files.directory(at: reference.path) == nil
        ? ["the directory \"\(reference.path)\" does not exist"] : ["no target is declared in \"\(reference.path)\""]
      if let near = Suggestions.nearest(to: reference.path, among: directories).first {
        let name = reference.target.map { ":" + $0 } ?? ""
        diagnostic.remedies = ["did you mean \"\(near)\(name)\"?"]
      }
      return diagnostic
    }
    // Compared without the directory, which is right: a long path would let any name pass for a near one.
    let prefix = reference.path + ":"
    let addresses = ids.map { address(of: $0).description }
    func name(_ text: String) -> String { text.hasPrefix(prefix) ? String(text.dropFirst(prefix.utf8.count)) : text }
    let wanted = name(reference.inDirectory?.description ?? text)
    let near = Suggestions.nearest(to: wanted, among: addresses.map(name)).compactMap { near in
      addresses.first { name($0) == near }
    }
    if !near.isEmpty {
      diagnostic.remedies = ["did you mean \(near.map { "\"\($0)\"" }.joined(separator: " or "))?"]
    }
    let names = ids.filter { self[$0].generator == nil }.map { self[$0].address.name }
    let place = reference.path.isEmpty ? "the root directory" : "\"\(reference.path)\""
    diagnostic.notes = ["targets in \(place): " + Set(names).sorted().joined(separator: ", ")]
    return diagnostic
  }
}
