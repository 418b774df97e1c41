public import BuildFiles
public import Diagnostics
public import PythonImports
internal import Snapshot
public import Workspace

/// The graph's source of texts.
public protocol GraphSources: Sendable {
  /// The bytes of a file, by its path from the workspace root.
  func read(_ path: String) throws -> [UInt8]
  /// The imports of a Python file. A snapshot answers for unchanged files.
  func imports(of path: String, options: ImportOptions) throws -> PythonFileImports
}

extension GraphSources {
  /// Reads the file and parses it.
  public func imports(of path: String, options: ImportOptions) throws -> PythonFileImports {
    PythonFileImports(parsing: try read(path), options: options)
  }
}

extension Workspace: GraphSources {}

/// All targets of a workspace, a view of its state. A ``DependencyResolver`` resolves their dependencies on request.
public struct TargetGraph: Sendable {
  /// The files.
  public let files: FileTable
  /// The configuration.
  public let configuration: WorkspaceConfiguration
  /// The source roots.
  public let sourceRoots: SourceRoots
  /// The state on disk that this is a view of; nil for a graph of texts.
  public internal(set) var state: WorkspaceState?
  let store: GraphStore
  /// The packages that hold the lockfiles of resolves: few, so they are kept apart.
  var lockfilePackages: [Int] = []

  init(store: GraphStore, files: FileTable, configuration: WorkspaceConfiguration, sourceRoots: SourceRoots) {
    self.store = store
    self.files = files
    self.configuration = configuration
    self.sourceRoots = sourceRoots
    lockfilePackages = store.lockfilePackages()
  }

  /// The warnings about the workspace.
  public var warnings: [Diagnostic] {
    (0..<store.packages.count).filter { !store.packages[$0].has(BuildDirectoryRow.dead) }
      .filter { store.packages[$0].warnings.count > 0 }
      .map { (directory: files.path(of: DirectoryID(Int(store.packages[$0].directory))), number: $0) }
      .sorted { $0.directory < $1.directory }.flatMap { store.warnings(ofPackage: $0.number) }
  }

  /// The target of an id.
  public subscript(_ id: TargetID) -> Target {
    let row = store.targets[id.index]
    let package = store.package(Int(row.package))
    let declaration = package.targets[Int(row.declaration)]
    var address = Address(
      directory: package.directory, name: declaration.name, parameters: declaration.parameters)
    let own = OwnFields(store.declarationBytes(row.own))
    if let parameters = own.parameters { address.parameters = parameters }
    address.file = own.file
    address.generated = own.generated
    return Target(
      type: TargetType(code: row.type), address: address, declaration: declaration,
      generator: row.generator == 0 ? nil : TargetID(Int(row.generator - 1)),
      file: row.file == 0 ? nil : FileID(Int(row.file - 1)), ownFields: own.fields)
  }

  /// The number of rows for targets, including unused ones.
  public var count: Int { store.targets.count }

  /// All targets, in the order of their places.
  public var allTargets: [TargetID] {
    (0..<store.targets.count).lazy.filter { !store.targets[$0].has(TargetRow.dead) }.map { TargetID($0) }
  }

  /// The type of a target.
  public func type(of id: TargetID) -> TargetType { TargetType(code: store.targets[id.index].type) }

  /// The file that a target is about.
  public func file(of id: TargetID) -> FileID? {
    let file = store.targets[id.index].file
    return file == 0 ? nil : FileID(Int(file - 1))
  }

  /// The generator of a target.
  public func generator(of id: TargetID) -> TargetID? {
    let generator = store.targets[id.index].generator
    return generator == 0 ? nil : TargetID(Int(generator - 1))
  }

  /// Whether other targets are generated from this one.
  public func isGenerator(_ id: TargetID) -> Bool {
    store.targets[id.index].generator == 0 && type(of: id).generated != nil
  }

  /// The address of a target.
  public func address(of id: TargetID) -> Address { self[id].address }

  /// The address of a target as text.
  public func name(of id: TargetID) -> String { String(decoding: store.addressBytes(of: id), as: UTF8.self) }

  /// The targets whose source a file is, generated ones only where a generator has generated one for it.
  public func owners(of file: FileID) -> [TargetID] { store.owners(of: file).sorted(by: store.precedes) }

  /// The targets that a generator generates; none for any other target.
  public func generated(by id: TargetID) -> [TargetID] {
    let row = store.targets[id.index]
    guard isGenerator(id) else { return [] }
    return store.targets(ofPackage: Int(row.package)).filter {
      store.targets[$0.index].generator == id.rawValue + 1
    }
  }

  /// The targets of an address: one, or all variants of a parametrised target named without parameters.
  public func targets(at address: Address) -> [TargetID] {
    if let path = address.filePath {
      guard let file = files.file(at: path) else { return [] }
      let found = owners(of: file).filter { self.address(of: $0).withoutParameters == address.withoutParameters }
      return address.parameters.isEmpty ? found : found.filter { self.address(of: $0) == address }
    }
    if let id = store.find(Array(address.description.utf8)), !store.targets[id.index].has(TargetRow.dead) {
      return [id]
    }
    guard address.parameters.isEmpty else { return [] }
    return targets(inDirectory: address.directory).filter {
      let other = self.address(of: $0)
      return other.file == nil && !other.parameters.isEmpty && other.withoutParameters == address
    }
  }

  /// The targets declared in a directory, with those that they generate.
  public func targets(inDirectory path: String) -> [TargetID] {
    files.directory(at: path).map { targets(in: $0) } ?? []
  }

  func targets(in directory: DirectoryID) -> [TargetID] {
    let lockfiles = lockfilePackages.filter { store.packages[$0].directory == directory.rawValue }
      .flatMap { store.targets(ofPackage: $0) }
    return (store.package(in: directory).map { store.targets(ofPackage: $0) } ?? []) + lockfiles
  }

  /// Appends the addresses of targets as text, each with a line end.
  public func write(_ ids: [TargetID], into output: inout [UInt8]) {
    for id in ids {
      output.append(contentsOf: store.addressBytes(of: id))
      output.append(UInt8(ascii: "\n"))
    }
  }

  /// The directories that have targets.
  var directoriesWithTargets: [String] {
    (0..<store.packages.count).filter {
      !store.packages[$0].has(BuildDirectoryRow.dead) && store.packages[$0].targets.count > 0
    }
    .map { files.path(of: DirectoryID(Int(store.packages[$0].directory))) }
  }

  /// The package declared in a directory, as evaluated, with defaults applied.
  public func package(inDirectory path: String) -> BuildDirectory? {
    files.directory(at: path).flatMap { store.package(in: $0) }.map { store.package($0) }
  }

  /// The resolve of a target; nil where resolves are not in use or the type has none.
  public func resolve(of id: TargetID) -> String? {
    let code = store.targets[id.index].resolve
    if code == 0 { return nil }
    if code < TargetRow.unknownResolve { return configuration.resolves[Int(code) - 1].name }
    return resolve(of: self[id])
  }

  /// Whether any BUILD file has visibility rules.
  var hasVisibilityRules: Bool {
    (0..<store.packages.count).contains {
      store.packages[$0].flags & (BuildDirectoryRow.dead | BuildDirectoryRow.rules) == BuildDirectoryRow.rules
    }
  }

  /// The visibility rules that the BUILD files of a directory declare.
  func visibilityDeclarations(inDirectory path: String) -> [VisibilityDeclaration] {
    package(inDirectory: path)?.visibility ?? []
  }

  /// The resolve of a target; nil where resolves are not in use or the type has none.
  public func resolve(of target: Target) -> String? {
    guard !configuration.resolves.isEmpty, target.type.field(named: "resolve") != nil else { return nil }
    return target.value(of: "resolve").string ?? configuration.defaultResolve
  }

  /// The dotted name of a Python file's module; nil if it is in no source root.
  public func moduleName(ofFile path: String) -> String? {
    guard let root = sourceRoots.root(of: Paths.parent(path)) else { return nil }
    return Self.moduleName(ofStripped: Paths.relative(path, to: root))
  }

  static func moduleName(ofStripped path: String) -> String {
    var text = Substring(path)
    let name = Paths.lastComponent(path)
    if name == "__init__.py" || name == "__init__.pyi" {
      text = Substring(Paths.parent(path))
    } else if let dot = name.lastIndex(of: "."), dot != name.startIndex {
      text = text.dropLast(name[dot...].count)
    }
    return text.split(separator: "/", omittingEmptySubsequences: false).joined(separator: ".")
  }
}
