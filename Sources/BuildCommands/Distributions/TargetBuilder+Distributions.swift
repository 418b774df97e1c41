internal import Actions
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import PythonPackaging
internal import SystemSupport
internal import TOML
internal import TargetGraph
internal import Workspace

extension TargetBuilder {
  /// Builds a `python_distribution`: a wheel and an sdist, as requested, each by its build backend (PEP 517).
  func distribution(_ id: TargetID) throws -> Product {
    let target = graph[id]
    var files = ActionInputs()
    var wasCached = true
    // Problems of the distribution are reported before anything is built.
    let folder = try outputFolder(of: target)
    let outcomes = try each(distributionActions(id)) {
      try run($0, for: target, field: "provides", isNoted: false)
    }
    for outcome in outcomes {
      wasCached = wasCached && outcome.wasCached
      let made = outcome.outputs.stripped(of: "dist") ?? FileTree()
      guard !made.isEmpty else {
        throw Diagnostic(
          .work, "the build backend of \"\(target.address)\" created no file", at: target.declaration.site.location())
      }
      try files.merge(ActionInputs(made.below(folder)))
    }
    let inputs = try distributionInputs(id)
    try BuildHistory(workspace).record(inputs, of: target.address)
    return Product(files: files, inputs: inputs, wasCached: wasCached)
  }

  /// The inputs that a distribution's key is computed from.
  func distributionInputs(_ id: TargetID) throws -> InputList {
    var inputs = InputList()
    for (index, action) in try distributionActions(id).enumerated() {
      if index == 0 {
        inputs = try action.keyInputs
      } else {
        inputs.append("argument", list: action.arguments.map { "of the source distribution: " + $0 })
      }
    }
    return inputs
  }

  private func outputFolder(of target: Target) throws -> String {
    try graph.outputPath(of: target) ?? ""
  }

  /// The actions that build a distribution: of the wheel, of the source distribution.
  func distributionActions(_ id: TargetID) throws -> [Action] {
    let target = graph[id]
    var kinds: [(kind: String, settings: String)] = []
    if target.value(of: "wheel").bool ?? true { kinds.append(("wheel", "wheel_config_settings")) }
    if target.value(of: "sdist").bool ?? true { kinds.append(("sdist", "sdist_config_settings")) }
    guard !kinds.isEmpty else {
      throw Diagnostic(
        .input, "\"\(target.address)\" builds neither a wheel nor an sdist",
        at: target.declaration.site.location(field: "wheel"))
    }
    let source = try distributionSource(id)
    let python = graph.interpreterConstraints(of: target)
    let system = try buildSystem(source, target)
    let lockfile = graph.configuration.lockfile(ofResolve: graph.configuration.defaultResolve)
    let backend = try BackendEnvironment(store: store, wheels: wheels, lockfile: lockfile).tree(
      system.requires, constraints: python, for: target)
    var inputs = source.inputs
    try inputs.merge(ActionInputs(backend.below(".kilt/backend")))
    try inputs.add(.file(try put(BuildDriver.text), isExecutable: false), at: ".kilt/build.py")
    return try kinds.map { kind, field in
      let settings = (target.value(of: field).map ?? []).map { entry in
        (entry.key.string ?? "", JSONValue.strings(entry.value.strings ?? []))
      }
      let request = JSONValue.members([
        "kind": .string(kind), "backend": .string(system.backend), "backend_path": .strings(system.backendPath),
        "settings": .object(JSONObject(settings)),
      ])
      var action = Action(
        name: target.address.description,
        arguments: ["python3", "-I", "-S", "{chroot}/.kilt/build.py", request.text()])
      action.inputs = inputs
      action.workingDirectory = source.folder
      action.outputFolders = ["dist"]
      action.environment = Self.reproducibleEnvironment
      // Compilers of extension modules are the system's.
      action.environment["PATH"] = "/usr/local/bin:/usr/bin:/bin"
      for text in target.strings(of: "env_vars") {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if let value = parts.count == 2 ? parts[1] : environmentVariable(text) { action.environment[parts[0]] = value }
      }
      try add(pythonTool(python), to: &action)
      return action
    }
  }

  // MARK: Sources

  /// The tree that a backend builds from.
  struct DistributionSource {
    var inputs = ActionInputs()
    /// The directory of the project in it.
    var folder = ""
    /// Its `pyproject.toml`, when there is one.
    var project: ActionInputs?
  }

  /// Lays out the files of a distribution: with a generated `setup.py` at the root and paths from the source roots, or,
  /// with `generate_setup=False`, as they lie in the workspace.
  private func distributionSource(_ id: TargetID) throws -> DistributionSource {
    let plan = try distributionPlan(id)
    let target = plan.target
    var source = DistributionSource()
    if target.value(of: "generate_setup").bool == false {
      source.folder = target.address.directory
      for part in [plan.modules, plan.resources, plan.files] { try source.inputs.merge(part) }
      let names = ["pyproject.toml", "setup.py", "setup.cfg"].map { Paths.join(source.folder, $0) }
      guard names.contains(where: { source.inputs.tree[$0] != nil }) else {
        throw Diagnostic(
          .input, "\"\(target.address)\" has generate_setup=False, and neither pyproject.toml nor setup.py",
          at: target.declaration.site.location(field: "generate_setup"),
          remedies: ["make one of them a resource or a source that it depends on"])
      }
      return source
    }
    func stripped(_ inputs: ActionInputs) throws -> ActionInputs {
      try inputs.renamed { path in
        Paths.relative(path, to: graph.sourceRoots.root(of: Paths.parent(path)) ?? "")
      }
    }
    let modules = try stripped(plan.modules)
    let resources = try stripped(plan.resources)
    let inFolder = { (path: String) in Paths.contains(target.address.directory, path) }
    let project = [plan.resources, plan.files].compactMap { part in
      part.tree.paths.first { Paths.lastComponent($0) == "pyproject.toml" && inFolder($0) }.map { (part, $0) }
    }.first
    let script = try setupScript(
      plan, modules: modules.tree.paths,
      resources: resources.tree.paths.filter { Paths.lastComponent($0) != "pyproject.toml" })
    for part in [modules, resources, plan.files] {
      try source.inputs.merge(try part.renamed { Paths.lastComponent($0) == "pyproject.toml" ? nil : $0 })
    }
    guard source.inputs.tree["setup.py"] == nil else {
      throw Diagnostic(
        .input, "\"\(target.address)\" already has a setup.py",
        at: target.declaration.site.location(), remedies: ["set generate_setup=False"])
    }
    try source.inputs.add(.file(try put(script.text), isExecutable: false), at: "setup.py")
    if let (part, path) = project {
      try source.inputs.merge(try part.renamed { $0 == path ? "pyproject.toml" : nil })
    } else {
      let text = "[build-system]\nrequires = [\"setuptools\", \"wheel\"]\nbuild-backend = \"setuptools.build_meta\"\n"
      try source.inputs.add(.file(try put(text), isExecutable: false), at: "pyproject.toml")
    }
    return source
  }

  // MARK: The backend

  /// The `[build-system]` of a project; setuptools where there is none (PEP 517, "Source trees").
  private func buildSystem(
    _ source: DistributionSource, _ target: Target
  ) throws -> (requires: [String], backend: String, backendPath: [String]) {
    let usual = (
      requires: ["setuptools", "wheel"], backend: "setuptools.build_meta:__legacy__", backendPath: [String]()
    )
    let path = Paths.join(source.folder, "pyproject.toml")
    guard case .file(let content, _)? = source.inputs.tree[path] else { return usual }
    let bytes = try FileSystem.read(try source.inputs.location(of: content, in: store))
    let document: TOMLDocument
    do throws(TOMLDocument.Failure) {
      document = try TOMLDocument(parsing: bytes)
    } catch {
      throw Diagnostic(
        .input, "the pyproject.toml of \"\(target.address)\" is not TOML: \(error.message)",
        at: SourceLocation(
          path: Paths.join(target.address.directory, "pyproject.toml"), line: error.line, column: error.column))
    }
    guard let table = document.root["build-system"] else { return usual }
    return (
      table["requires"]?.strings ?? usual.requires, table["build-backend"]?.string ?? usual.backend,
      table["backend-path"]?.strings ?? []
    )
  }
}
