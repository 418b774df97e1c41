internal import Diagnostics

/// Further settings of a resolve: how its lockfile is created, and its use.
public struct ResolveOptions: Sendable, Hashable {
  /// Versions that must hold where a package is used at all (PEP 508).
  public var constraints: [String] = []
  /// A file of such constraints, from the workspace root.
  public var constraintsFile: String?
  /// Requirements that replace the requirements that packages declare.
  public var overrides: [String] = []
  /// Packages to leave out, whoever requires them.
  public var excludes: [String] = []
  /// Packages for which no wheel, or only a wheel, is used; `:all:` for every package.
  public var noBinary: [String] = []
  public var onlyBinary: [String] = []
  /// The platforms that it is for, by name; empty for all.
  public var platforms: [String] = []
  /// The interpreters that it supports; empty means the workspace's.
  public var interpreterConstraints: [String] = []

  public init() {}
}

extension WorkspaceConfiguration {
  /// The resolves of a `kilt.toml`: each the path of its lockfile, or a table with `lockfile` and more.
  mutating func readResolves(_ python: TableReader, _ file: ConfigurationFile) throws {
    let found = try python.stringsAndTables("resolves")
    if found.isEmpty { return }
    // They replace the values of a file that this one extends.
    (resolves, defaultResolve) = ([], "")
    for (name, lockfile) in found {
      if let lockfile {
        let path = try file.inside(lockfile, table: "python.resolves", key: name)
        resolves.append(Resolve(name: name, lockfile: path))
        continue
      }
      let path = "python.resolves." + name
      let table = try TableReader(file, path)
      guard let lockfile = try table.string("lockfile") else {
        throw Diagnostic(
          .input, "the resolve \"\(name)\" in \"\(self.path)\" lacks its lockfile", at: file.location(table: path),
          remedies: ["add lockfile = \"3rdparty/python/\(name).lock\""])
      }
      var resolve = Resolve(name: name, lockfile: try file.inside(lockfile, table: path, key: "lockfile"))
      resolve.options.constraints = try table.strings("constraints") ?? []
      resolve.options.constraintsFile = try table.string("constraints_file").map {
        try file.inside($0, table: path, key: "constraints_file")
      }
      resolve.options.overrides = try table.strings("overrides") ?? []
      resolve.options.excludes = try table.strings("excludes") ?? []
      resolve.options.noBinary = try table.strings("no_binary") ?? []
      resolve.options.onlyBinary = try table.strings("only_binary") ?? []
      resolve.options.platforms = try table.strings("platforms") ?? []
      resolve.options.interpreterConstraints = try table.strings("interpreter_constraints") ?? []
      try table.finish()
      resolves.append(resolve)
    }
  }

  /// The settings of resolves in a `pants.toml`, in tables by their names; `__default__` applies to the unnamed ones.
  mutating func readPantsResolveOptions(_ python: TableReader) throws {
    let constraintFiles = try python.stringTable("resolves_to_constraints_file") ?? []
    let lists: [(key: String, field: WritableKeyPath<ResolveOptions, [String]>)] = [
      ("resolves_to_excludes", \.excludes), ("resolves_to_overrides", \.overrides),
      ("resolves_to_no_binary", \.noBinary), ("resolves_to_only_binary", \.onlyBinary),
      ("resolves_to_interpreter_constraints", \.interpreterConstraints),
    ]
    let found = try lists.map { (field: $0.field, lists: try python.stringLists($0.key)) }
    for index in resolves.indices {
      let name = resolves[index].name
      resolves[index].options.constraintsFile =
        constraintFiles.first { $0.name == name }?.value ?? constraintFiles.first { $0.name == "__default__" }?.value
      for (field, lists) in found {
        resolves[index].options[keyPath: field] = lists[name] ?? lists["__default__"] ?? []
      }
    }
  }
}

extension TableReader {
  /// The entries of the table `key`, each a string or, with nil in its place, a table.
  func stringsAndTables(_ key: String) throws -> [(name: String, text: String?)] {
    guard let value = value(key) else { return [] }
    guard case .table(let table) = value else { throw mismatch(key, value, expected: "a table") }
    return try table.sorted { $0.key < $1.key }.map { entry in
      switch entry.value {
      case .string(let text): (entry.key, text)
      case .table: (entry.key, nil)
      default: throw mismatch(key, entry.value, expected: "strings or tables")
      }
    }
  }

  /// A table of lists of strings, by key.
  func stringLists(_ key: String) throws -> [String: [String]] {
    guard let value = collection(key) else { return [:] }
    guard case .table(let table) = value else { throw mismatch(key, value, expected: "a table of lists") }
    return try table.mapValues { entry in
      guard case .array(let elements) = entry else { throw mismatch(key, entry, expected: "lists of strings") }
      return try elements.map { element in
        guard case .string(let text) = element else { throw mismatch(key, element, expected: "lists of strings") }
        return text
      }
    }
  }
}
