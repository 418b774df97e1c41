import JobModel
import Starlark
import YAML

/// The names that a template may use: Aurora's objects and helpers, and what the job file says.
enum TemplateEnvironment {
  static func make(
    _ settings: StageSettings, artifact: ArtifactReference, reads: ReadNames
  ) throws -> (environment: Environment, variables: [(name: String, value: Value)]) {
    let variables = try variables(settings, artifact: artifact, reads: reads)
    var names = Dictionary(uniqueKeysWithValues: variables.map { ($0.name, $0.value) })
    for type in ObjectType.aurora {
      names[type.name] = .builtin(type.name) { call in try TemplateObject.make(type, call) }
    }
    names["MesosJob"] = names["Job"]
    // In Aurora files profiles are classes of their own, and all derive from this one.
    names["Struct"] = names["Profile"]
    for (name, shift) in [("KB", 10), ("MB", 20), ("GB", 30), ("TB", 40)] { names[name] = .int(1 << shift) }
    names["Service"] = .builtin("Service") { call in
      var call = call
      call.named.append(NamedArgument(name: "service", value: .bool(true)))
      return try object("Job", call)
    }
    names["SequentialTask"] = .builtin("SequentialTask", sequentialTask)
    names["SimpleTask"] = .builtin("SimpleTask", simpleTask)
    names["order"] = .builtin("order", order)
    names["Processes"] = .builtin("Processes") { call in .list(call.positional) }
    names["shell_quote"] = .builtin("shell_quote") { call in
      let value = try call.bind(["text"], required: 1)[0] ?? .none
      let text = try value.asString ?? call.thread.string(of: value)
      return .string(ShellWord.quoted(text))
    }
    return (Environment(names), variables)
  }

  private static func object(_ name: String, _ call: Call) throws -> Value {
    guard let type = ObjectType.named(name) else { throw StarlarkError("no type \(name)") }
    return try TemplateObject.make(type, call)
  }

  /// `order(a, b, c)`: constraints that make each start after the one before; takes processes and names.
  private static func order(_ call: Call) throws -> Value {
    try call.rejectNamed()
    var names: [Value] = []
    for value in call.positional { names.append(try processName(value, of: call)) }
    return .list([try constraint(names, call)])
  }

  private static func processName(_ value: Value, of call: Call) throws -> Value {
    if value.asString != nil { return value }
    guard let process: TemplateObject = value.asHost(), process.type.name == "Process" else {
      throw StarlarkError("\(call.name): takes processes and their names, not \(value.typeName)")
    }
    guard let name = process.field("name") else { throw StarlarkError("\(call.name): the process has no name") }
    return name
  }

  private static func constraint(_ names: [Value], _ call: Call) throws -> Value {
    var inner = call
    inner.positional = []
    inner.named = [NamedArgument(name: "order", value: .list(names))]
    return try object("Constraint", inner)
  }

  /// A task whose processes run one after another.
  private static func sequentialTask(_ call: Call) throws -> Value {
    var call = call
    if let processes = call.named("processes")?.asElements {
      let names = try processes.map { try processName($0, of: call) }
      let earlier = call.named("constraints")?.asElements ?? []
      call.named.removeAll { $0.name == "constraints" }
      call.named.append(NamedArgument(name: "constraints", value: .list(earlier + [try constraint(names, call)])))
    }
    return try object("Task", call)
  }

  /// `SimpleTask(name, command)`: a task of one process.
  private static func simpleTask(_ call: Call) throws -> Value {
    var call = call
    let arguments = try call.bind(["name", "command", "resources"], required: 2)
    call.positional = []
    call.named = zip(["name", "cmdline"], arguments).map { NamedArgument(name: $0, value: $1 ?? .none) }
    let process = try object("Process", call)
    call.named = [
      NamedArgument(name: "name", value: arguments[0] ?? .none),
      NamedArgument(name: "processes", value: .list([process])),
      NamedArgument(name: "resources", value: arguments[2] ?? .none),
    ]
    return try object("Task", call)
  }

  /// What the job file says, under the names that both templates and `{{variables}}` use.
  private static func variables(
    _ settings: StageSettings, artifact: ArtifactReference, reads: ReadNames
  ) throws -> [(name: String, value: Value)] {
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
      ("name", .string(artifact.name)), ("commit", artifact.commit.map { .string($0) } ?? .none),
      ("version", .string(artifact.version)), ("file", .string(artifact.fileName)),
      ("type", .string(artifact.hashType.rawValue)),
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
        type: ObjectType(name: "Profile", fields: [], isOpen: true),
        fields: fields.filter { !$0.1.isNone }.map { (name: $0.0, value: $0.1) }, location: nil, reads: reads))
  }

  private static func value(of node: YAMLNode) -> Value {
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

/// Words for a POSIX shell.
enum ShellWord {
  /// The text as one word of a shell's command line; `{{variables}}` in it stay. Those of the host stand for numbers
  /// and names, and need no quotes.
  static func quoted(_ text: String) -> String {
    let isPlain = withoutLateVariables(text).utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: "_-./:=@%+,".utf8.contains(byte)
      }
    }
    if isPlain, !text.isEmpty { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private static func withoutLateVariables(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
      let isLate = LateBinding.Variable(rest[open.upperBound..<close.lowerBound]) != nil
      result += isLate ? rest[..<open.lowerBound] : rest[..<close.upperBound]
      rest = rest[close.upperBound...]
    }
    return result + rest
  }
}
