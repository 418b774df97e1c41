internal import Actions
internal import Archive
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import SystemSupport
internal import TargetGraph
internal import Workspace
internal import Zip

extension TargetBuilder {
  /// The contents of an `archive`: the products at their output paths, the files at theirs.
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
  func archive(_ id: TargetID) throws -> Product {
    let target = graph[id]
    let format = target.value(of: "format").string ?? "zip"
    let path = try outputPath(of: target, suffix: format)
    let contents = try archiveContents(target)
    if format == "zip" { return try zip(contents, target, path) }
    guard let compression = TarWriter.Compression(suffix: format) else {
      throw Diagnostic(.defect, "\"\(format)\" is not a format of archives")
    }
    return try tar(contents, target, path, format, compression)
  }

  /// The inputs that an archive's key is computed from.
  func archiveInputs(_ id: TargetID) throws -> InputList {
    let target = graph[id]
    let format = target.value(of: "format").string ?? "zip"
    let contents = try archiveContents(target)
    return format == "zip" ? try zipInputs(contents) : try tarInputs(contents, format)
  }

  private static let tarNamespace = "tar-1"
  private static let zipNamespace = "zip-2"

  /// The namespace of the record of an archive.
  func archiveNamespace(_ id: TargetID) -> String {
    graph[id].value(of: "format").string ?? "zip" == "zip" ? Self.zipNamespace : Self.tarNamespace
  }

  // MARK: tar

  private func tarInputs(_ contents: ActionInputs, _ format: String) throws -> InputList {
    var inputs = InputList()
    // The compressors of another libarchive can give other bytes.
    let library = format == "tar" ? "" : try TarWriter.libraryVersion()
    inputs.append("format", "\(format) archive 1 \(library)")
    try contents.append(to: &inputs)
    return inputs
  }

  private func tar(
    _ contents: ActionInputs, _ target: Target, _ path: String, _ format: String, _ compression: TarWriter.Compression
  ) throws -> Product {
    let inputs = try tarInputs(contents, format)
    let store = store
    let time = Int64(Self.reproducibleEnvironment["SOURCE_DATE_EPOCH"] ?? "0") ?? 0
    let check = unchanged(contents, target)
    let (content, wasCached) = try kept(Self.tarNamespace, inputs.digest, for: target, inputs) { place in
      let file = try FileSystem.open(place, .readWrite, options: [.create, .truncate])
      defer { FileSystem.close(file) }
      let writer = try TarWriter(to: file, path: place, compression: compression, time: time)
      for name in contents.tree.paths {
        guard case .file(let content, let isExecutable)? = contents.tree[name] else { continue }
        let bytes = try MappedFile(try contents.location(of: content, in: store))
        try writer.add(bytes.bytes, named: name, isExecutable: isExecutable)
      }
      try writer.finish()
      try check()
    }
    try BuildHistory(workspace).record(inputs, of: target.address)
    var files = ActionInputs()
    try files.add(.file(content, isExecutable: false), at: path)
    return Product(files: files, inputs: inputs, wasCached: wasCached)
  }

  // MARK: zip

  private func zipInputs(_ contents: ActionInputs) throws(FileTreeError) -> InputList {
    var inputs = InputList()
    inputs.append("format", "zip archive 2, deflate \(Deflate.level)")
    try contents.append(to: &inputs)
    return inputs
  }

  private func zip(_ contents: ActionInputs, _ target: Target, _ path: String) throws -> Product {
    let inputs = try zipInputs(contents)
    let store = store
    let check = unchanged(contents, target)
    let (content, wasCached) = try kept(Self.zipNamespace, inputs.digest, for: target, inputs) { file in
      let writer = try ZipWriter(creating: file)
      for name in contents.tree.paths {
        guard case .file(let content, let isExecutable)? = contents.tree[name] else { continue }
        let bytes = try MappedFile(try contents.location(of: content, in: store))
        try writer.add(ZipContents(compressing: bytes.bytes), named: Array(name.utf8), isExecutable: isExecutable)
      }
      _ = try writer.finishDirectory()
      try writer.publish()
      try check()
    }
    try BuildHistory(workspace).record(inputs, of: target.address)
    var files = ActionInputs()
    try files.add(.file(content, isExecutable: false), at: path)
    return Product(files: files, inputs: inputs, wasCached: wasCached)
  }

  /// Throws when a file of the workspace is no longer what the key says: then nothing is kept.
  private func unchanged(_ contents: ActionInputs, _ target: Target) -> @Sendable () throws -> Void {
    let name = target.address.description
    return {
      if let moved = contents.moved() { throw ActionError.inputChanged(action: name, path: moved) }
    }
  }

  /// The file that is kept for a key, or that `make` writes at the path it is given: as a step, where there are others.
  ///
  /// - Parameters:
  ///   - target: the target that it is made for; nil for a file that other machines are not asked for.
  ///   - inputs: what the key stands for.
  func kept(
    _ namespace: String, _ key: SHA256Digest, for target: Target?, _ inputs: InputList? = nil,
    _ make: @escaping @Sendable (FilePath) throws -> Void
  ) throws -> (content: BlobReference, wasCached: Bool) {
    let name = target?.address.description
    let (files, runner) = (KeptFiles(store: store, namespace: namespace, name: name, inputs: inputs), runner)
    let isNew = pool.map { !$0.hasBegun(key) } ?? true
    if isNew, let content = try files.content(of: key, asksOthers: pool == nil) { return (content, true) }
    guard let pool else { return (try runner.step { try files.make(key, make) }, false) }
    if isNew { files.prefetch(key) }
    let product = try pool.product(of: key) {
      if let content = try files.content(of: key) { return .file(content, wasCached: true) }
      return .file(try runner.step { try files.make(key, make) }, wasCached: false)
    }
    guard case .file(let content, let wasCached) = product else {
      throw Diagnostic(.defect, "an action has the key of a file of \(namespace)")
    }
    return (content, wasCached)
  }
}
