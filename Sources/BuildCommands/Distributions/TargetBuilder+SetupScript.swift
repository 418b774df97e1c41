internal import Actions
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import SystemSupport
internal import TargetGraph
internal import Workspace

extension TargetBuilder {
  /// The arguments of `setup()` that Kilt sets, and which are therefore not allowed in `provides`.
  private static let computed = ["packages", "py_modules", "package_data", "install_requires", "package_dir"]

  /// The `setup.py` of a distribution: the arguments of `provides`, the packages and their data, the requirements, the
  /// entry points.
  ///
  /// - Parameters:
  ///   - modules: the Python files by path from the source root; likewise `resources`.
  func setupScript(_ plan: DistributionPlan, modules: [String], resources: [String]) throws -> SetupScript {
    let site = plan.target.declaration.site
    var arguments: [(name: String, value: FieldValue)] = []
    for entry in try artifact(of: plan.target) {
      guard let name = entry.key.string, name != "entry_points" else { continue }
      if Self.computed.contains(name) {
        throw Diagnostic(
          .input,
          "python_artifact of \"\(plan.target.address)\" sets \(name), which Kilt derives from its dependencies",
          at: site.location(field: "provides", text: name), remedies: ["remove it, or set generate_setup=False"])
      }
      arguments.append((name, entry.value))
    }
    if let path = plan.target.value(of: "long_description_path").string {
      let full = workspace.root.appending(
        try graph.insidePath(path, field: "long_description_path", of: plan.target))
      guard FileSystem.exists(full) else {
        throw Diagnostic(
          .input, "the long_description_path \"\(path)\" of \"\(plan.target.address)\" does not exist",
          at: site.location(field: "long_description_path"), notes: ["it is a path from the workspace root"])
      }
      arguments.append(("long_description", .string(try FileSystem.readText(full))))
    }
    let packages = Set(modules.map { Paths.parent($0) }).subtracting([""]).sorted()
    arguments.append(("packages", .strings(packages.map { Self.dotted($0) })))
    let single = modules.filter { !$0.contains("/") && $0.hasSuffix(".py") && $0 != "setup.py" }
    if !single.isEmpty { arguments.append(("py_modules", .strings(single.map { String($0.dropLast(3)) }))) }
    arguments.append(("package_data", packageData(packages, modules: modules, resources: resources)))
    arguments.append(("install_requires", .strings(plan.requires)))
    let points = try entryPoints(plan)
    if !points.isEmpty {
      arguments.append(
        ("entry_points", .map(points.map { FieldValue.Entry(key: .string($0.group), value: .strings($0.lines)) })))
    }
    return SetupScript(arguments: arguments, address: plan.target.address.description)
  }

  private static func dotted(_ path: String) -> String { path.split(separator: "/").joined(separator: ".") }

  /// Resources, and stubs, by the package above that is nearest.
  private func packageData(_ packages: [String], modules: [String], resources: [String]) -> FieldValue {
    var data: [String: [String]] = [:]
    for path in (resources + modules.filter { $0.hasSuffix(".pyi") }).sorted() {
      guard let package = packages.filter({ Paths.contains($0, path) }).max(by: { $0.utf8.count < $1.utf8.count })
      else {
        continue
      }
      data[Self.dotted(package), default: []].append(Paths.relative(path, to: package))
    }
    return .map(
      data.sorted { $0.key < $1.key }.map { FieldValue.Entry(key: .string($0.key), value: .strings($0.value)) })
  }

  // MARK: Entry points

  /// The entry points of the field and of `provides`, by group: `name = module:function`.
  private func entryPoints(_ plan: DistributionPlan) throws -> [(group: String, lines: [String])] {
    var groups: [String: [String: String]] = [:]
    let ofArtifact = try artifact(of: plan.target).first { $0.key == .string("entry_points") }?.value ?? .none
    for value in [ofArtifact, plan.target.value(of: "entry_points")] {
      for group in value.map ?? [] {
        let name = group.key.string ?? ""
        for text in group.value.strings ?? [] {
          // setuptools' own form: a list of "name = reference".
          let parts = text.split(separator: "=", maxSplits: 1).map { String($0.filter { !$0.isWhitespace }) }
          if parts.count == 2 { groups[name, default: [:]][parts[0]] = parts[1] }
        }
        for entry in group.value.map ?? [] {
          guard let point = entry.key.string, let reference = entry.value.string else { continue }
          groups[name, default: [:]][point] = try self.reference(reference, plan)
        }
      }
    }
    return groups.sorted { $0.key < $1.key }.map { group in
      (group.key, group.value.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" })
    }
  }

  /// `module:function` unchanged; for the address of a binary, the binary's entry point.
  private func reference(_ text: String, _ plan: DistributionPlan) throws -> String {
    guard text.hasPrefix(":") || text.hasPrefix("//") || text.contains("/") else { return text }
    guard let id = try graph.targets(named: text, in: "entry_points", of: plan.target).first,
      case .module(let module, let function?)? = try graph.entryPoint(of: graph[id])
    else {
      throw Diagnostic(
        .input, "the entry point \"\(text)\" of \"\(plan.target.address)\" starts no function",
        at: plan.target.declaration.site.location(field: "entry_points", text: text),
        remedies: ["give the pex_binary an entry_point with a function, as in \"main.py:main\""])
    }
    return module + ":" + function
  }
}
