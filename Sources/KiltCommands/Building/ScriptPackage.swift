internal import BuildCommands
internal import BuildFiles
internal import Bundles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import PythonCommands
internal import PythonProjects
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// Packs a script with metadata of its own (PEP 723) into a bundle: the script, the modules beside it that it imports, and the
/// packages of its lockfile.
///
/// The script needs no workspace. A directory that is removed at the end stands for one: it has the script, its lockfile and a BUILD
/// file with one `pex_binary`.
struct ScriptPackage {
  /// A bundle of a script, from the working directory.
  struct Packed {
    var path: String
    var bundle: BundleProduct
    var sha256: String
  }

  private let global: GlobalOptions
  private let store: ContentStore
  /// At most so many modules beside a script are looked at.
  private static let siblings = 1000

  init(_ global: GlobalOptions) throws {
    self.global = global
    store = try ContentStore.userDefault()
  }

  /// The scripts that words name; nil where one of them is none.
  static func scripts(_ words: [String], _ global: GlobalOptions) throws -> [(word: String, script: InlineScript)]? {
    guard !words.isEmpty, words.allSatisfy({ $0.hasSuffix(".py") && !$0.hasPrefix("-") }) else { return nil }
    var found: [(String, InlineScript)] = []
    for word in words {
      let path = try global.workingDirectory.pushing(FilePath(word))
      guard FileSystem.exists(path),
        let script = try InlineScript(in: FileSystem.read(path, limit: 64 << 20), path: word)
      else { return nil }
      found.append((word, script))
    }
    return found
  }

  /// Packs a script into `dist` of the working directory.
  ///
  /// - Parameter platform: the platform that it is packed for; nil for this machine's.
  func package(_ word: String, _ script: InlineScript, for platform: RequestedPlatform? = nil) throws -> Packed {
    let path = try FileSystem.canonicalPath(global.workingDirectory.pushing(FilePath(word)))
    let directory = path.removingLastComponent()
    let name = path.lastComponent?.string ?? "script.py"
    let place = try FileSystem.makeTemporaryDirectory(prefix: "kilt-script")
    // What cannot be removed is left to whoever cleans temporary directories.
    defer { try? FileSystem.removeTree(place) }
    for entry in try FileSystem.list(directory).prefix(Self.siblings)
    where entry.isValidName && entry.name.hasSuffix(".py") && entry.kind == .file && entry.name != name
      && !Self.isTest(entry.name)
    {
      try FileSystem.copyFile(directory.appending(entry.name), to: place.appending(entry.name), permissions: 0o644)
    }
    let module = Self.module(of: name)
    try FileSystem.copyFile(path, to: place.appending(module), permissions: 0o644)
    var configuration = WorkspaceConfiguration()
    configuration.interpreterConstraints = script.requiresPython.map { [$0] } ?? []
    if let lockfile = try ScriptEnvironment(store: store, note: global.note).lockfile(of: script, at: path) {
      try FileSystem.copyFile(lockfile, to: place.appending("script.lock"), permissions: 0o644)
      configuration.resolves = [WorkspaceConfiguration.Resolve(name: "script", lockfile: "script.lock")]
      configuration.defaultResolve = "script"
    }
    try FileSystem.write(text: Self.buildFile(module, script), to: place.appending("BUILD"))
    let workspace = Workspace(root: place, configuration: configuration)
    let graph = try TargetGraph.load(workspace, state: try WorkspaceState(of: workspace, isUsed: false))
    let resolver = DependencyResolver(graph: graph, sources: workspace)
    guard let id = graph.target(named: "//:bundle") else { throw Diagnostic(.defect, "a script has no bundle") }
    let own = Workspace(root: directory, configuration: WorkspaceConfiguration())
    let packager = BundleProductBuilder(
      workspace: workspace, resolver: resolver, store: store, version: try SourceVersion(of: own))
    let bundle = try packager.package(id, for: platform)
    for warning in try resolver.warnings() { global.report(warning, as: .warning) }
    let digest = try bundle.bundle.digest().hex
    return Packed(path: try take(bundle, named: String(name.dropLast(3))), bundle: bundle, sha256: digest)
  }

  /// Puts a bundle into `dist`, under the name of the script; returns its path from the working directory.
  private func take(_ bundle: BundleProduct, named name: String) throws -> String {
    let suffix = bundle.relativePath.firstRange(of: "-").map { String(bundle.relativePath[$0.lowerBound...]) } ?? ".pex"
    let file = "dist/" + name + suffix
    let directory = try global.workingDirectory
    let output = directory.appending("dist")
    // Refuses a link of this name, which could lead anywhere.
    try Workspace(root: directory, configuration: WorkspaceConfiguration()).createOutputFolder(output)
    let target = directory.pushing(FilePath(file))
    let incoming = output.appending(".\(name)\(suffix).incoming")
    try FileSystem.copyFile(bundle.bundle.path, to: incoming, permissions: 0o755)
    try FileSystem.rename(incoming, to: target)
    return file
  }

  /// The name of the module that a script becomes: its own, unless Python could not import that.
  private static func module(of name: String) -> String {
    if name.dropLast(3).wholeMatch(of: #/[A-Za-z_][A-Za-z0-9_]*/#) != nil { return name }
    return "script_" + name.dropLast(3).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" } + ".py"
  }

  private static func isTest(_ name: String) -> Bool {
    name.hasPrefix("test_") || name.hasSuffix("_test.py") || name == "conftest.py"
  }

  /// The BUILD file of a script: one requirement for each dependency, and one binary.
  private static func buildFile(_ name: String, _ script: InlineScript) -> String {
    func literal(_ text: String) -> String { JSONValue.string(text).text() }
    let requirements = script.dependencies.enumerated().map { number, text in
      "python_requirement(name=\"r\(number)\", requirements=[\(literal(text))])\n"
    }
    let names = script.dependencies.indices.map { "\":r\($0)\"" }.joined(separator: ", ")
    return requirements.joined() + "python_sources(name=\"code\", sources=[\"*.py\"])\n"
      + "pex_binary(name=\"bundle\", entry_point=\(literal(name)), dependencies=[\(names)])\n"
  }
}
