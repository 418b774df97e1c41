import Diagnostics
import JobModel
import Starlark
import YAML

/// The names that a template can use: Aurora's objects and helpers, and the job file's values.
enum TemplateEnvironment {
  /// The names of every template, independent of the job file. Frozen once, for all evaluations.
  static let common: [String: Value] = {
    var names = TypeValue.names
    for (name, shift) in [("KB", 10), ("MB", 20), ("GB", 30), ("TB", 40)] { names[name] = .int(1 << shift) }
    names["BYTES"] = .int(1)
    names.merge(ThermosHelpers.names) { $1 }
    names.merge(TemplateFunctions.names) { $1 }
    let service = TemplateObject(type: .job, fields: [("service", .bool(true))], location: nil)
    names["Service"] = .builtin("Service") { call in
      let evaluation: TemplateEvaluation? = call.context()
      guard evaluation?.isAurora == true else { return try service.call(call) }
      return try TemplateObject(type: .job, fields: service.fields, location: nil, hasAccessors: true).call(call)
    }
    func object(_ type: ObjectType, _ fields: [(String, Value)] = []) -> Value {
      .host(TemplateObject(type: type, fields: fields.map { (name: $0.0, value: $0.1) }, location: nil))
    }
    names["DisableLifecycle"] = object(.lifecycleConfig)
    names["DefaultLifecycleConfig"] = object(.lifecycleConfig, [("http", object(.httpLifecycleConfig))])
    names["DefaultHealthChecker"] = object(.healthCheckerConfig, [("http", object(.httpHealthChecker))])
    names["shell_quote"] = .builtin("shell_quote") { call in
      let value = try call.bind(["text"], required: 1)[0] ?? .none
      let text = try value.asString ?? call.thread.string(of: value)
      return .string(ShellWord.quoted(text))
    }
    names["include"] = .builtin("include") { call in
      guard let evaluation: TemplateEvaluation = call.context() else {
        throw StarlarkError("include: not in a template")
      }
      return try evaluation.include(call)
    }
    names["__class__"] = .builtin("class", TypeValue.declare)
    names["__import__"] = .builtin("import", PythonModules.importing)
    for value in names.values { value.freeze() }
    return names
  }()

  /// The job file's values, under the names that both templates and `{{variables}}` use.
  static func variables(
    _ settings: StageSettings, artifact: TaskArtifact?, reads: ReadNames
  ) -> [(name: String, value: Value)] {
    let config = profile(
      settings.config.map { entry in
        switch entry.value {
        case .integer(let number): (entry.key.rawValue, .int(number))
        case .number(let number): (entry.key.rawValue, .float(number))
        case .text(let text): (entry.key.rawValue, .string(text))
        }
      })
    let args = profile(settings.args.map { ($0.name, value(of: $0.node)) }, reads: reads)
    let build = profile([
      ("name", artifact.map { .string($0.name) } ?? .none),
      ("commit", artifact?.commit.map { .string($0) } ?? .none),
      ("version", artifact.map { .string($0.version) } ?? .none),
      ("file", artifact.map { .string($0.fileName) } ?? .none),
      ("type", artifact.map { .string($0.hashType.rawValue) } ?? .none),
    ])
    let texts = [
      ("stage", settings.stage), ("environment", settings.stage), ("role", settings.role), ("user", settings.role),
      ("cluster", settings.cluster ?? ""), ("job_name", settings.name),
    ]
    return [("config", config), ("args", args), ("build", build)] + texts.map { ($0.0, .string($0.1)) }
  }

  private static func profile(_ fields: [(String, Value)], reads: ReadNames? = nil) -> Value {
    .host(
      TemplateObject(
        type: .profile, fields: fields.filter { !$0.1.isNone }.map { (name: $0.0, value: $0.1) }, location: nil,
        reads: reads))
  }

  static func value(of node: YAMLNode) -> Value {
    switch node.value {
    case .sequence(let nodes): return .list(nodes.map(value))
    case .mapping(let entries):
      return .dict(StarlarkDict(entries.map { ($0.key.scalar?.text ?? "", value(of: $0.value)) }))
    case .scalar(let scalar):
      switch scalar.content {
      case .null: return .none
      case .bool(let flag): return .bool(flag)
      case .int(let number): return .int(Int(number))
      case .float(let number): return .float(number)
      case .string: return .string(scalar.text)
      }
    }
  }
}
