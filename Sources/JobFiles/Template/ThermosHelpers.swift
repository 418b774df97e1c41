import JobModel
import Starlark

/// The helpers of Thermos that combine tasks and processes (`schema_helpers.py` of Apache Aurora).
enum ThermosHelpers {
  static let names: [String: Value] = [
    "SequentialTask": .builtin("SequentialTask") { call in
      .host(try sequential(task(call), call))
    },
    "SimpleTask": .builtin("SimpleTask", simple), "order": .builtin("order", order),
    "combine_tasks": .builtin("combine_tasks", combine), "concat_tasks": .builtin("concat_tasks", concat),
    "java_options": .builtin("java_options") { call in try options(call, long: "-") },
    "python_options": .builtin("python_options") { call in try options(call, long: "--") },
    "Tasks": .host(
      Namespace(
        "Tasks",
        [
          "combine": .builtin("combine", combine), "concat": .builtin("concat", concat),
          "simple": .builtin("simple", simple),
          "sequential": .builtin("sequential") { call in
            guard let task: TemplateObject = try call.bind(["task"], required: 1)[0]?.asHost() else {
              throw StarlarkError("sequential: takes a Task")
            }
            return .host(try sequential(task, call))
          },
        ])),
    "Processes": .host(Namespace("Processes", ["order": .builtin("order", order)])),
    "Options": .host(
      Namespace(
        "Options",
        [
          "java": .builtin("java") { call in try options(call, long: "-") },
          "python": .builtin("python") { call in try options(call, long: "--") },
        ])),
  ]

  private static func make(_ type: ObjectType, _ fields: [(String, Value)], _ call: Call) throws -> TemplateObject {
    var inner = call
    inner.positional = []
    inner.named = fields.map { NamedArgument(name: $0.0, value: $0.1) }
    guard let object: TemplateObject = try TemplateObject.make(type, inner).asHost() else {
      throw StarlarkError("\(type.name): not made")
    }
    return object
  }

  private static func task(_ call: Call) throws -> TemplateObject {
    guard let task: TemplateObject = try TemplateObject.make(.task, call).asHost() else {
      throw StarlarkError("Task: not made")
    }
    return task
  }

  /// The task with its processes one after another, in addition to its order.
  private static func sequential(_ task: TemplateObject, _ call: Call) throws -> TemplateObject {
    guard let processes = task.field("processes")?.asElements, !processes.isEmpty else { return task }
    let names = try processes.map { try processName($0, of: call) }
    let earlier = task.field("constraints")?.asElements ?? []
    let constraint = Value.host(try make(.orderConstraint, [("order", .list(names))], call))
    return task.copy(
      fields: task.fields.filter { $0.name != "constraints" } + [("constraints", .list(earlier + [constraint]))])
  }

  /// `order(a, b, c)`: constraints that start each process after the one before; accepts processes and names.
  private static func order(_ call: Call) throws -> Value {
    try call.rejectNamed()
    let names = try call.positional.map { try processName($0, of: call) }
    return .list([.host(try make(.orderConstraint, [("order", .list(names))], call))])
  }

  private static func processName(_ value: Value, of call: Call) throws -> Value {
    if let typed: TypedValue = value.asHost() { return typed.value }
    if value.asString != nil { return value }
    guard let process: TemplateObject = value.asHost(), process.type === ObjectType.process else {
      throw StarlarkError("\(call.name): takes processes and their names, not \(value.typeName)")
    }
    guard let name = process.field("name") else { throw StarlarkError("\(call.name): the process has no name") }
    return name
  }

  /// `SimpleTask(name, command)`: a task of one process. In a file of Aurora's own it has 1 processor, 1 GB of memory and
  /// 1 GB of disk; elsewhere the job file says how much.
  private static func simple(_ call: Call) throws -> Value {
    let arguments = try call.bind(["name", "command", "resources"], required: 2)
    let name = arguments[0] ?? .none
    let process = try make(.process, [("name", name), ("cmdline", arguments[1] ?? .none)], call)
    var fields: [(String, Value)] = [("name", name), ("processes", .list([.host(process)]))]
    let evaluation: TemplateEvaluation? = call.context()
    if let resources = arguments[2] {
      fields.append(("resources", resources))
    } else if evaluation?.isAurora == true {
      let resources = try make(
        .resources, [("cpu", .float(1)), ("ram", .int(1 << 30)), ("disk", .int(1 << 30))], call)
      fields.append(("resources", .host(resources)))
    }
    return .host(try make(.task, fields, call))
  }

  // MARK: Several tasks in one

  /// All processes of the tasks, at once.
  private static func combine(_ call: Call) throws -> Value {
    try merged(call, resources: +, wait: { max($0, $1) }) { _ in [] }
  }

  /// All processes of each task before all of the next.
  private static func concat(_ call: Call) throws -> Value {
    try merged(call, resources: { max($0, $1) }, wait: +) { tasks in
      try zip(tasks, tasks.dropFirst()).flatMap { first, second in
        try processes(of: first).flatMap { before in
          try processes(of: second).compactMap { after in
            guard before !== after else { return nil }
            let names = try [before, after].map { try processName(.host($0), of: call) }
            return .host(try make(.orderConstraint, [("order", .list(names))], call))
          }
        }
      }
    }
  }

  /// One task with everything of all of them, and the name and fields of the last.
  private static func merged(
    _ call: Call, resources: (Double, Double) -> Double, wait: (Double, Double) -> Double,
    constraints: ([TemplateObject]) throws -> [Value]
  ) throws -> Value {
    let tasks: [TemplateObject] = try call.positional.map { value in
      guard let task: TemplateObject = value.asHost(), task.type === ObjectType.task else {
        throw StarlarkError("\(call.name): takes tasks, not \(value.typeName)")
      }
      return task
    }
    guard let last = tasks.last else { return .host(try make(.task, [], call)) }
    var all: [TemplateObject] = []
    for process in tasks.flatMap(processes) where !all.contains(where: { same($0, process) }) { all.append(process) }
    var fields: [(String, Value)] = [
      ("processes", .list(all.map { .host($0) })),
      ("constraints", .list(tasks.flatMap { $0.field("constraints")?.asElements ?? [] } + (try constraints(tasks)))),
    ]
    if tasks.contains(where: { $0.field("resources") != nil }) {
      var sums: [(String, Value)] = []
      for (name, isWhole) in [("cpu", false), ("ram", true), ("disk", true), ("gpu", true)] {
        let numbers = try tasks.compactMap { task -> Double? in
          guard let object: TemplateObject = task.field("resources")?.asHost(), let value = object.value(name) else {
            return nil
          }
          guard let number = value.asDouble else {
            throw StarlarkError("\(call.name): \(name) of the resources is not a number")
          }
          return number
        }
        let sum = numbers.reduce(0, resources)
        sums.append((name, isWhole ? .int(Int(sum)) : .float(sum)))
      }
      fields.append(("resources", .host(try make(.resources, sums, call))))
    }
    let waits = try tasks.map { task in
      guard let seconds = task.value("finalization_wait")?.asDouble else {
        throw StarlarkError("\(call.name): finalization_wait is not a number")
      }
      return seconds
    }
    let seconds = waits.reduce(0, wait)
    fields.append(("finalization_wait", seconds == seconds.rounded() ? .int(Int(seconds)) : .float(seconds)))
    var inner = call
    inner.positional = []
    inner.named = fields.map { NamedArgument(name: $0.0, value: $0.1) } + call.named
    return try last.call(inner)
  }

  private static func processes(of task: TemplateObject) -> [TemplateObject] {
    (task.field("processes")?.asElements ?? []).compactMap { $0.asHost() }
  }

  /// Whether two processes are equal.
  private static func same(_ first: TemplateObject, _ second: TemplateObject) -> Bool {
    guard first !== second else { return true }
    let names = ObjectType.process.fields.map(\.name)
    return names.allSatisfy { name in
      let texts = [first, second].map { $0.value(name).map { PythonText.of($0) ?? "" } }
      return texts[0] == texts[1]
    }
  }

  // MARK: Options

  /// `python_options("v", color = "red")` is `-v --color red`.
  private static func options(_ call: Call, long: String) throws -> Value {
    var words: [String] = []
    func add(_ name: String, _ value: Value?) {
      let text = value.flatMap { $0.isTruthy ? PythonText.of($0) ?? ($0.asHost() as TypedValue?)?.representation : nil }
      words.append((name.count == 1 ? "-" : long) + name + (text.map { " " + $0 } ?? ""))
    }
    for value in call.positional {
      if let name = value.asString {
        add(name, nil)
      } else if let items = value.asItems {
        for item in items { add(item.key.asString ?? "", item.value) }
      } else {
        throw StarlarkError("\(call.name): takes names and dictionaries, not \(value.typeName)")
      }
    }
    for argument in call.named { add(argument.name, argument.value) }
    return .string(words.joined(separator: " "))
  }
}
