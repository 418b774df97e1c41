internal import Actions
internal import BuildFiles
internal import Bundles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Workspace
internal import Zip

/// What goes into a bundle besides the files of the workspace and the wheels of the lock.
struct BundleParts {
  /// Wheels of the workspace's own distributions.
  var wheels: [WheelInput] = []
  /// Generated code and resources: where they stand in the bundle, where their bytes are, their digest.
  var sources: [(bundlePath: String, file: FilePath, digest: SHA256Digest, isExecutable: Bool)] = []
  /// Files of the workspace that one of the wheels brings.
  var provided: Set<String> = []
}

extension TargetBuilder {
  /// The generated parts of a bundle: the outputs that `experimental_wrap_as_*` targets bring in, and the wheels of
  /// `python_distribution`s that the binary depends on.
  func parts(of plan: BundlePlan) throws -> BundleParts {
    var parts = BundleParts()
    let generated = plan.closure.filter { id in
      [.wrapAsPythonSources, .wrapAsResources, .pythonDistribution].contains(graph[id].type)
    }
    // All begin before one is waited for.
    try each(generated) { id in
      if graph[id].type == .pythonDistribution { _ = try package(of: id) } else { _ = try files(of: id) }
    }
    for id in generated {
      let target = graph[id]
      if target.type == .pythonDistribution {
        let wheel = try localWheel(of: id, for: plan.address)
        parts.wheels.append(WheelInput(fileName: wheel.fileName, path: wheel.path, sha256: wheel.content.digest))
        parts.provided.formUnion(wheel.members)
        continue
      }
      let made = try files(of: id)
      for path in made.tree.paths {
        guard case .file(let content, let isExecutable)? = made.tree[path] else { continue }
        guard let root = graph.sourceRoots.root(of: Paths.parent(path)) else {
          throw Diagnostic(
            .input, "\"\(path)\", which \"\(target.address)\" generates, lies in no source root",
            at: target.declaration.site.location(),
            notes: ["the source roots are " + graph.configuration.sourceRoots.joined(separator: ", ")])
        }
        let place = Paths.relative(path, to: root)
        // Two targets may wrap the outputs of one command.
        if parts.sources.contains(where: { $0.bundlePath == place && $0.digest == content.digest }) { continue }
        parts.sources.append((place, made.location(of: content, in: store), content.digest, isExecutable))
      }
    }
    return parts
  }

  /// All that the bundle of a plan is made from.
  ///
  /// - Parameter platform: the one platform that it is for; nil for those of the binary's fields.
  func bundleInputs(
    _ plan: BundlePlan, _ fields: BundleFields? = nil, platform: BundlePlatform? = nil
  ) throws -> BundleInputs {
    let fields = try fields ?? self.fields(of: plan.target)
    let names = platform.map { [$0.text] } ?? fields.platforms
    let complete = platform == nil ? try graph.completePlatforms(of: graph[plan.target]) : []
    let chosen = try wheels.wheels(for: plan, platforms: names, completePlatforms: complete)
    let parts = try parts(of: plan)
    if let platform { try wheels.checkOwn(parts.wheels.map(\.fileName), on: platform, plan) }
    return try BundleInputs(plan, fields: fields, wheels: chosen, root: workspace.root, parts: parts)
  }

  private func fields(of id: TargetID) throws -> BundleFields {
    try BundleFields(graph[id], isForPants: workspace.configuration.isForPants)
  }

  /// The bundle of a plan as a file of the store: one file, whatever the layout of the binary.
  func bundleFile(_ plan: BundlePlan) throws -> (file: BlobReference, inputs: InputList, wasCached: Bool) {
    var inputs = try bundleInputs(plan)
    inputs.specification.layout = .zipapp
    let (store, specification) = (store, inputs.specification)
    let (file, wasCached) = try kept("bundle-1", inputs.key) { path in
      _ = try BundleBuilder(store: store).build(specification, to: path)
    }
    return (file, inputs.inputs, wasCached)
  }

  /// The files of a bundle that is a directory, in the store.
  private func bundleDirectory(
    _ inputs: BundleInputs
  ) throws -> [(path: String, file: BlobReference, isExecutable: Bool)] {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "bundle")
    // What can not be removed is left to whoever cleans temporary folders.
    defer { try? FileSystem.removeTree(folder) }
    let path = folder.appending("bundle")
    _ = try BundleBuilder(store: store).build(inputs.specification, to: path)
    let directory = try BundleDirectory(path)
    return try directory.files.map { file, status in
      (file, BlobReference(try store.put(file: directory.path(of: file)), size: status.size), status.isExecutable)
    }
  }

  private func add(
    _ contents: [(path: String, file: BlobReference, isExecutable: Bool)], to files: inout ActionInputs,
    at place: String
  ) throws {
    for (path, file, isExecutable) in contents {
      try files.add(.file(file, isExecutable: isExecutable), at: place + "/" + path)
    }
  }

  /// A binary as a part of something else: under a name that no commit changes.
  func bundlePackage(_ id: TargetID) throws -> BuiltPackage {
    let plan = try resolver.bundlePlan(for: id)
    var files = ActionInputs()
    if try fields(of: id).layout != .zipapp {
      let inputs = try bundleInputs(plan)
      try add(try bundleDirectory(inputs), to: &files, at: try outputPath(of: graph[id], suffix: "pex"))
      return BuiltPackage(files: files, inputs: inputs.inputs, wasCached: false)
    }
    let (file, inputs, wasCached) = try bundleFile(plan)
    try files.add(.file(file, isExecutable: true), at: try outputPath(of: graph[id], suffix: "pex"))
    return BuiltPackage(files: files, inputs: inputs, wasCached: wasCached)
  }
}
