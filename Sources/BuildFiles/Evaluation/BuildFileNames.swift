internal import Starlark

/// The names that BUILD files can use besides the language's own.
enum BuildFileNames {
  /// All of them, without prelude macros.
  static let standard: Environment = {
    var values: [String: Value] = [:]
    for type in TargetType.allCases where type.isPublic {
      values[type.rawValue] = .host(TargetTypeSymbol(type: type, name: type.rawValue))
    }
    for (name, type) in TargetType.legacyNames { values[name] = .host(TargetTypeSymbol(type: type, name: name)) }
    for name in TargetType.foreignNames { values[name] = .host(TargetTypeSymbol(type: .foreign, name: name)) }
    for name in ["globs", "rglobs", "zglobs"] { values[name] = GlobSet.function(name) }
    for function in FieldFunction.all { values[function.name] = .builtin(function.name) { try function.call($0) } }
    for direction in VisibilityDeclaration.Direction.allCases {
      values[direction.rawValue] = .builtin(direction.rawValue) { call in
        try state(call).addRules(direction, call)
        return .none
      }
    }
    for function in PythonFunctions.all { values[function.name] = .builtin(function.name) { try function.body($0) } }
    values["__defaults__"] = .builtin("__defaults__") { call in
      try state(call).addDefaults(call)
      return .none
    }
    values["build_file_dir"] = .builtin("build_file_dir") { call in
      .host(DirectoryPath(path: try state(call).directory))
    }
    values["env"] = .builtin("env") { call in
      let bound = try call.bind(["name", "default"], required: 1)
      guard let name = bound[0]?.asString else { throw StarlarkError("env takes the name of a variable") }
      let state = try state(call)
      state.environmentNames.insert(name)
      return state.environment(name).map { .string($0) } ?? bound[1] ?? .none
    }
    values["parametrize"] = .builtin("parametrize") { call in .host(try Parametrization(call)) }
    return Environment(values)
  }()

  private static func state(_ call: Call) throws -> BuildDirectoryEvaluation {
    guard let state = call.context(BuildDirectoryEvaluation.self) else {
      throw StarlarkError("\(call.name)() can be called in BUILD files only, not while a loaded file is read")
    }
    return state
  }
}
