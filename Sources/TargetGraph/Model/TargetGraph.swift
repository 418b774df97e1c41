public import BuildFiles
public import Diagnostics
public import PythonImports
public import Workspace

/// Where the graph gets source texts from.
public protocol GraphSources: Sendable {
  /// The bytes of a file, by its path from the workspace root.
  func read(_ path: String) throws -> [UInt8]
  /// What a Python file imports. A snapshot answers for files that have not changed.
  func imports(of path: String, options: ImportOptions) throws -> PythonFileImports
}

extension GraphSources {
  /// Reads the file and parses it.
  public func imports(of path: String, options: ImportOptions) throws -> PythonFileImports {
    PythonFileImports(parsing: try read(path), options: options)
  }
}

extension Workspace: GraphSources {}

/// All targets of a workspace. What they depend on is worked out by a ``DependencyResolver``, as far as it is asked for.
public struct TargetGraph: Sendable {
  /// The files.
  public let files: FileTable
  /// The configuration.
  public let configuration: WorkspaceConfiguration
  /// The source roots.
  public let sourceRoots: SourceRoots
  /// The targets; a ``TargetID`` is a place in here.
  public internal(set) var targets: ContiguousArray<Target> = []
  /// What is odd about the workspace, though no error.
  public internal(set) var warnings: [Diagnostic] = []

  /// Targets without a file, by address.
  var byAddress: [Address: TargetID] = [:]
  /// Parametrised targets by the address without parameters.
  var variants: [Address: [TargetID]] = [:]
  /// The targets of each package's directory, in the order of declaration, generated ones behind their generator.
  var byDirectory: [String: [TargetID]] = [:]
  /// The targets that a generator generates, by generator.
  var generatedRanges: [TargetID: Range<UInt32>] = [:]
  /// The targets that own each file: `owners[ownerStarts[file]..<ownerStarts[file + 1]]`.
  var ownerStarts: ContiguousArray<UInt32> = []
  var owners: ContiguousArray<TargetID> = []

  init(files: FileTable, configuration: WorkspaceConfiguration, sourceRoots: SourceRoots) {
    self.files = files
    self.configuration = configuration
    self.sourceRoots = sourceRoots
  }

  /// The target of an id.
  public subscript(_ id: TargetID) -> Target { targets[id.index] }

  /// The number of targets.
  public var count: Int { targets.count }

  /// All ids, in the order of the graph.
  public var allTargets: [TargetID] { targets.indices.map { TargetID($0) } }

  /// The address of a target.
  public func address(of id: TargetID) -> Address { targets[id.index].address }

  /// The targets whose source a file is, generated ones only where a generator has generated one for it.
  public func owners(of file: FileID) -> ArraySlice<TargetID> {
    guard file.index + 1 < ownerStarts.count else { return [] }
    return Array(owners[Int(ownerStarts[file.index])..<Int(ownerStarts[file.index + 1])])[...]
  }

  /// The targets that a generator generates; none for any other target.
  public func generated(by id: TargetID) -> [TargetID] {
    generatedRanges[id].map { $0.map { TargetID(Int($0)) } } ?? []
  }

  /// The targets of an address: one, or all variants of a parametrised target named without parameters.
  public func targets(at address: Address) -> [TargetID] {
    if let path = address.filePath {
      guard let file = files.file(at: path) else { return [] }
      let found = owners(of: file).filter { targets[$0.index].address.withoutParameters == address.withoutParameters }
      return address.parameters.isEmpty ? found : found.filter { self.address(of: $0) == address }
    }
    if let id = byAddress[address] { return [id] }
    return address.parameters.isEmpty ? variants[address] ?? [] : []
  }

  /// The targets declared in a directory, with those that they generate.
  public func targets(inDirectory path: String) -> [TargetID] { byDirectory[path] ?? [] }

  /// The resolve of a target; nil where resolves are not in use or the type has none.
  public func resolve(of target: Target) -> String? {
    guard !configuration.resolves.isEmpty, target.type.field(named: "resolve") != nil else { return nil }
    return target.value(of: "resolve").string ?? configuration.defaultResolve
  }

  /// The dotted name of a Python file's module; nil where it lies in no source root.
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
