internal import Actions
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import SystemSupport
internal import TargetGraph
internal import Workspace
internal import Zip

extension TargetBuilder {
  /// What an `archive` holds: the packages under their output paths, the files under theirs.
  func archiveContents(_ target: Target) throws -> ActionInputs {
    var contents = ActionInputs()
    let packages = try targets(named: "packages", of: target).flatMap { id in
      graph[id].isGenerator ? graph.generated(by: id) : [id]
    }
    let wanted = packages.map { ($0, true) } + (try targets(named: "files", of: target)).map { ($0, false) }
    for part in try each(wanted, { id, isPackage in isPackage ? try package(of: id).files : try files(of: id) }) {
      try contents.merge(part)
    }
    return contents
  }

  /// Builds an `archive`; its bytes depend on names, contents and modes alone.
  func archive(_ id: TargetID) throws -> BuiltPackage {
    let target = graph[id]
    let format = target.value(of: "format").string ?? "zip"
    let path = try outputPath(of: target, suffix: format)
    let contents = try archiveContents(target)
    if format == "zip" { return try zip(contents, target, path) }
    let action = try tarAction(contents, target, format)
    let outcome = try run(action, for: target, field: "format")
    guard case .file(let content, _)? = outcome.outputs[action.outputFiles[0]] else {
      throw Diagnostic(.defect, "the archive of \"\(target.address)\" is not among its action's outputs")
    }
    var files = ActionInputs()
    try files.add(.file(content, isExecutable: false), at: path)
    return BuiltPackage(files: files, inputs: try action.keyInputs, wasCached: outcome.wasCached)
  }

  /// The inputs that an archive's key is computed from.
  func archiveInputs(_ id: TargetID) throws -> InputList {
    let target = graph[id]
    let format = target.value(of: "format").string ?? "zip"
    let contents = try archiveContents(target)
    return format == "zip" ? try zipInputs(contents) : try tarAction(contents, target, format).keyInputs
  }

  // MARK: tar

  private func tarAction(_ contents: ActionInputs, _ target: Target, _ format: String) throws -> Action {
    let output = "out/archive.\(format)"
    var arguments = [
      "tar", "--create", "--file", output, "--format=gnu", "--sort=name", "--owner=0", "--group=0", "--numeric-owner",
      "--mtime=@\(Self.reproducibleEnvironment["SOURCE_DATE_EPOCH"] ?? "0")", "--mode=u=rwX,go=rX",
    ]
    let compressor: [String]? =
      switch format {
      case "tar.gz": ["gzip", "-n", "-9"]
      case "tar.xz": ["xz", "-6", "-T1"]
      case "tar.bz2": ["bzip2", "-9"]
      default: nil
      }
    if let compressor { arguments.append("--use-compress-program=" + compressor.joined(separator: " ")) }
    arguments += ["--directory", "in", "--"]
    let names = Set(contents.tree.paths.map { String($0.prefix { $0 != "/" }) }).sorted()
    arguments += names.isEmpty ? ["--files-from=/dev/null"] : names
    if names.isEmpty { arguments.removeAll { $0 == "--" } }
    var action = Action(name: target.address.description, arguments: arguments)
    action.inputs = try contents.renamed { "in/" + $0 }
    if names.isEmpty { try action.inputs.add(.folder, at: "in") }
    action.outputFiles = [output]
    action.environment = Self.reproducibleEnvironment
    for name in ["tar"] + (compressor.map { [$0[0]] } ?? []) {
      try add(ActionTool.find(name, for: "the archive \"\(target.address)\""), to: &action)
    }
    return action
  }

  // MARK: zip

  private func zipInputs(_ contents: ActionInputs) throws(FileTreeError) -> InputList {
    var inputs = InputList()
    inputs.append("format", "zip archive 2, deflate \(Deflate.level)")
    try contents.append(to: &inputs)
    return inputs
  }

  private func zip(_ contents: ActionInputs, _ target: Target, _ path: String) throws -> BuiltPackage {
    let inputs = try zipInputs(contents)
    let store = store
    let (content, wasCached) = try kept("zip-2", inputs.digest) { file in
      let writer = try ZipWriter(creating: file)
      for name in contents.tree.paths {
        guard case .file(let content, let isExecutable)? = contents.tree[name] else { continue }
        let bytes = try MappedFile(contents.location(of: content, in: store))
        try writer.add(ZipContents(compressing: bytes.bytes), named: Array(name.utf8), isExecutable: isExecutable)
      }
      _ = try writer.finishDirectory()
      try writer.publish()
    }
    if let moved = contents.moved() {
      throw ActionError.inputChanged(action: target.address.description, path: moved)
    }
    try BuildHistory(workspace).record(inputs, of: target.address)
    var files = ActionInputs()
    try files.add(.file(content, isExecutable: false), at: path)
    return BuiltPackage(files: files, inputs: inputs, wasCached: wasCached)
  }

  /// The file that is kept for a key, or that `make` writes at the path it is given: as a step, where there are others.
  func kept(
    _ namespace: String, _ key: SHA256Digest, _ make: @escaping @Sendable (FilePath) throws -> Void
  ) throws -> (content: BlobReference, wasCached: Bool) {
    let (files, runner) = (KeptFiles(store: store, namespace: namespace), runner)
    let isNew = pool.map { !$0.hasBegun(key) } ?? true
    if isNew, let content = try files.content(of: key) { return (content, true) }
    guard let pool else { return (try runner.step { try files.make(key, make) }, false) }
    let product = try pool.product(of: key) {
      .file(try runner.step { try files.make(key, make) }, wasCached: false)
    }
    guard case .file(let content, let wasCached) = product else {
      throw Diagnostic(.defect, "an action has the key of a file of \(namespace)")
    }
    return (content, wasCached)
  }
}
