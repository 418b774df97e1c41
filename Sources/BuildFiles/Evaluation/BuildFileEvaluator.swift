public import Diagnostics
public import Starlark
internal import Synchronization

/// Evaluates BUILD files. Reads no files itself: texts come in, BUILD directories come out, on any number of threads.
public final class BuildFileEvaluator: Sendable {
  /// Options for reading BUILD files.
  public struct Options: Sendable {
    /// Whether undefined names count as target types of the git repository's own plugins.
    public var ignoresUnknownTypes = false
    /// Names of target types and fields that the git repository's own plugins define: such types hold dependencies,
    /// such fields are omitted.
    public var pluginNames: Set<String> = []
    /// The value of an environment variable for `env()`.
    public var environment: @Sendable (String) -> String?
    /// The bytes of a file that `load` names, by its path from the workspace root.
    public var read: @Sendable (String) throws -> [UInt8]

    /// Options with these connections to the outside.
    public init(
      ignoresUnknownTypes: Bool = false, environment: @escaping @Sendable (String) -> String? = { _ in nil },
      read: @escaping @Sendable (String) throws -> [UInt8] = { path in
        throw Diagnostic(.input, "\"\(path)\" cannot be loaded here")
      }
    ) {
      self.ignoresUnknownTypes = ignoresUnknownTypes
      self.environment = environment
      self.read = read
    }
  }

  private let options: Options
  private let environment: Environment
  private let dialect: Dialect
  private let preludeFiles: [String]
  /// Loaded files, with all files that they load in turn.
  private let modules = Mutex<[String: (module: StarlarkModule, loads: Set<String>)]>([:])

  /// An evaluator that offers the macros of these prelude files to every BUILD file.
  ///
  /// - Throws: ``BuildFileError`` for a prelude file that cannot be evaluated.
  public init(prelude: [SourceFile] = [], options: Options = Options()) throws {
    self.options = options
    var dialect = Dialect.buildFile
    dialect.lateNames = options.ignoresUnknownTypes
    self.dialect = dialect
    var environment = BuildFileNames.standard
    var plugins: [String: Value] = [:]
    for name in options.pluginNames where environment[name] == nil {
      plugins[name] = .host(TargetTypeSymbol(type: .foreign, name: name))
    }
    if !plugins.isEmpty { environment = environment.adding(plugins) }
    for file in prelude {
      do {
        let program = try Program(source: file, dialect: dialect, environment: environment)
        let module = try StarlarkThread().execute(program)
        environment = environment.adding(Dictionary(module.globals.map { ($0.name, $0.value) }) { $1 })
      } catch let error as StarlarkError {
        throw BuildFileError.evaluation(BuildFileError.diagnostic(for: error))
      }
    }
    self.environment = environment
    preludeFiles = prelude.map(\.name)
  }

  /// Evaluates the BUILD files of one directory, in this order.
  ///
  /// If BUILD files read the values that directories above give to fields, ``BuildDirectory/resolve(_:)`` evaluates the
  /// directory: until then it is empty.
  ///
  /// - Throws: ``BuildFileError``.
  public func evaluate(directory: String, files: [SourceFile]) throws -> BuildDirectory {
    try evaluate(directory: directory, files: files, inherited: nil)
  }

  private func evaluate(
    directory: String, files: [SourceFile], inherited: FieldDefaults?
  ) throws -> BuildDirectory {
    let state = BuildDirectoryEvaluation(directory: directory, options: options, inherited: inherited)
    for file in files {
      do {
        let program = try Program(source: file, dialect: dialect, environment: environment)
        _ = try thread(state, loading: []).execute(program)
      } catch let error as StarlarkError {
        if state.awaitsInherited {
          var package = BuildDirectory(directory: directory, targets: [])
          package.files = files.map(\.name)
          package.awaiting = { [self] inherited in
            try evaluate(directory: directory, files: files, inherited: inherited)
          }
          return package
        }
        throw BuildFileError.evaluation(explained(BuildFileError.diagnostic(for: error), error))
      }
    }
    return BuildDirectory(
      directory: directory, files: files.map(\.name), loadedFiles: preludeFiles + state.loadedFiles.sorted(),
      environmentNames: state.environmentNames.sorted(), targets: state.targets, defaults: state.defaults,
      visibility: state.visibility)
  }

  private func thread(_ state: BuildDirectoryEvaluation, loading: [String]) -> StarlarkThread {
    let thread = StarlarkThread(context: state)
    thread.load = { [self] name, location in
      let (module, loads) = try module(try Self.loadPath(name, from: location.file), state, loading: loading)
      state.loadedFiles.formUnion(loads)
      return module
    }
    if options.ignoresUnknownTypes {
      thread.undefinedName = { name, _ in .host(TargetTypeSymbol(type: .foreign, name: name)) }
    }
    return thread
  }

  /// The path that a `load` names: `//dir/file.star`, `//dir:file.star`, `:file.star`, or one beside the loading file.
  private static func loadPath(_ name: String, from file: String) throws -> String {
    var text = name
    let isFromRoot = text.hasPrefix("//")
    if isFromRoot { text = String(text.dropFirst(2)) }
    text = text.split(separator: ":", omittingEmptySubsequences: true).joined(separator: "/")
    let full = isFromRoot ? text : Paths.join(Paths.parent(file), text)
    guard let path = Paths.normalized(full), !path.isEmpty else {
      throw Diagnostic(.input, "\"\(name)\" is not a file of the workspace")
    }
    return path
  }

  /// The module of a loaded file, read once, with all files that it loads; two threads that ask at the same time can
  /// both evaluate it.
  private func module(
    _ path: String, _ state: BuildDirectoryEvaluation, loading: [String]
  ) throws -> (module: StarlarkModule, loads: Set<String>) {
    if let known = modules.withLock({ $0[path] }) { return known }
    guard !loading.contains(path) else {
      throw Diagnostic(.input, "files load each other in a cycle: " + (loading + [path]).joined(separator: " -> "))
    }
    let source = SourceFile(name: path, bytes: try options.read(path))
    let program = try Program(source: source, dialect: dialect, environment: environment)
    // Only the files that it loads matter: without a context it can declare nothing.
    let inner = BuildDirectoryEvaluation(directory: state.directory, options: options, inherited: nil)
    let thread = self.thread(inner, loading: loading + [path])
    thread.context = nil
    let loaded = (module: try thread.execute(program), loads: inner.loadedFiles.union([path]))
    return modules.withLock { modules in
      if let first = modules[path] { return first }
      modules[path] = loaded
      return loaded
    }
  }

  /// Adds a remedy for an undefined name.
  private func explained(_ diagnostic: Diagnostic, _ error: StarlarkError) -> Diagnostic {
    guard error.kind == .name, diagnostic.remedies.isEmpty else { return diagnostic }
    var diagnostic = diagnostic
    diagnostic.remedies = [
      "if it is a target type of a Pants plugin, write a kilt.toml with [workspace], extends = \"pants.toml\" (where there "
        + "is one) and unknown_target_types = \"ignore\": Kilt then uses only the dependencies of such targets"
    ]
    return diagnostic
  }
}
