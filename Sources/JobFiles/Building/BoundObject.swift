import Diagnostics
import JobModel
import Starlark
import SystemSupport

/// Everything that a job is built from besides its template object.
struct BuildingContext {
  /// The file that describes the job: the job file, or the file of Aurora's own.
  var path: String
  /// The values that the job file fixes; nil for an Aurora file, which defines everything itself.
  var settings: StageSettings?
  var artifact: TaskArtifact?
  var resolver: ArtifactResolver
  /// The outermost names of `{{variables}}`.
  var variables: [(name: String, value: Value)]
}

/// Collects the problems of a job, so that one run reports all of them.
final class Problems {
  private(set) var diagnostics: [Diagnostic]
  /// The unbound variables, and all problems besides them.
  private(set) var unbound: Set<String> = []
  private(set) var others: [Diagnostic]
  let context: BuildingContext

  /// Problems after those that were found while the template ran.
  init(_ context: BuildingContext, _ earlier: [Diagnostic] = []) {
    self.context = context
    diagnostics = earlier
    others = earlier
  }

  /// Adds a problem; `unbound` is the unbound variable, if that is the problem.
  func add(_ diagnostic: Diagnostic, unbound name: String? = nil) {
    if let name { unbound.insert(name) } else if !others.contains(diagnostic) { others.append(diagnostic) }
    if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
  }

  func check() throws {
    if diagnostics.count == 1 { throw diagnostics[0] }
    if !diagnostics.isEmpty { throw DiagnosticList(diagnostics) }
  }
}

/// An object of a template with its scope: reads its fields as values of Swift, with variables bound.
struct BoundObject {
  let object: TemplateObject
  let scope: ScopeChain
  let problems: Problems

  init(_ object: TemplateObject, in scope: ScopeChain, problems: Problems) {
    self.object = object
    self.scope = scope.within(object)
    self.problems = problems
  }

  /// The object with more variables bound to it.
  func adding(_ frame: BindingFrame) -> BoundObject {
    BoundObject(object: object, scope: scope.adding(frame), problems: problems)
  }

  private init(object: TemplateObject, scope: ScopeChain, problems: Problems) {
    self.object = object
    self.scope = scope
    self.problems = problems
  }

  func has(_ field: String) -> Bool { object.field(field) != nil }

  /// Reports a problem of this object, at the place that made it.
  func problem(_ summary: String, notes: [String] = [], remedies: [String] = []) {
    problems.add(
      Diagnostic(
        .input, summary, at: object.location.map(TemplateDiagnostic.location), notes: notes, remedies: remedies))
  }

  /// "the field "ram" of Resources", with the name of its owner.
  func describe(_ field: String) -> String {
    let name = object.field("name")?.asString
    return "the field \"\(field)\" of \(object.type.name)" + (name.map { " \"\($0)\"" } ?? "")
  }

  func string(_ field: String) -> String? {
    guard let value = object.field(field) else { return nil }
    return text(value, field)
  }

  func strings(_ field: String) -> [String] {
    (object.field(field)?.asElements ?? []).map { text($0, field) }
  }

  func integer(_ field: String) -> Int? {
    parsed(field, "a whole number") { value in
      if let text = value.asString { return Int(text) }
      if case .float(let number) = value { return Int(exactly: number) }
      return value.asInt
    }
  }

  func integers(_ field: String) -> [Int] {
    (object.field(field)?.asElements ?? []).compactMap { value in
      let text = text(value, field)
      if let number = Int(text) { return number }
      problem("\(describe(field)) is a list of whole numbers, not \"\(text)\"")
      return nil
    }
  }

  func number(_ field: String) -> Double? {
    parsed(field, "a number") { value in
      value.asString.map { Double($0) } ?? value.asDouble
    }
  }

  func size(_ field: String) -> Int? {
    parsed(field, "a size such as \"256MB\"") { value in value.asString.map { ByteSize.parse($0) } ?? value.asInt }
  }

  func boolean(_ field: String) -> Bool? {
    parsed(field, "true or false") { value in
      guard let text = value.asString else { return value.asBool ?? value.asInt.map { $0 != 0 } }
      return PythonText.boolean(text)
    }
  }

  func seconds(_ field: String) -> Duration? {
    guard let number = number(field) else { return nil }
    guard number >= 0, number < 1e9 else {
      problem("\(describe(field)) is a number of seconds, not \(number)")
      return nil
    }
    return .milliseconds(Int64((number * 1000).rounded()))
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(_ field: String, _ type: Choice.Type) -> Choice? {
    guard let text = string(field) else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let known = Choice.allCases.map(\.rawValue)
    problem(
      "\(describe(field)) is one of \(known.joined(separator: ", ")), not \"\(text)\"",
      remedies: Suggestions.remedy(for: text, among: known).map { [$0] } ?? [])
    return nil
  }

  func child(_ field: String) -> BoundObject? {
    guard let object: TemplateObject = object.field(field)?.asHost() else { return nil }
    return BoundObject(object, in: scope, problems: problems)
  }

  func children(_ field: String) -> [BoundObject] {
    (object.field(field)?.asElements ?? []).compactMap { value in
      value.asHost(TemplateObject.self).map { BoundObject($0, in: scope, problems: problems) }
    }
  }

  func entries(_ field: String) -> [(name: String, value: String)] {
    (object.field(field)?.asItems ?? []).map { (text($0.key, field), text($0.value, field)) }
  }

  /// The text of a value, early variables bound.
  func text(_ value: Value, _ field: String) -> String {
    var interpolation = Interpolation(scope)
    let text =
      value.asString.map { interpolation.bind($0) }
      ?? interpolation.text(of: value, as: elementKind(of: field), name: field) ?? ""
    for failure in interpolation.failures { report(failure, field) }
    return text
  }

  /// The value of the field, or each of its elements.
  private func elementKind(of field: String) -> ObjectKind? {
    switch object.type.kind(of: field) {
    case .list(let kind), .map(_, let kind): kind
    case let kind: kind
    }
  }

  private func parsed<Result>(_ field: String, _ kind: String, _ parse: (Value) -> Result?) -> Result? {
    guard var value = object.field(field) else { return nil }
    let before = problems.diagnostics.count
    if value.asString != nil { value = .string(text(value, field)) }
    if let result = parse(value) { return result }
    // A variable that is not bound was reported already.
    if problems.diagnostics.count == before {
      problem("\(describe(field)) is \(kind), not \"\(value.asString ?? value.typeName)\"")
    }
    return nil
  }

  private func report(_ failure: Interpolation.Failure, _ field: String) {
    var diagnostic: Diagnostic
    let name: String
    var unboundName: String?
    switch failure {
    case .unbound(let unbound):
      name = unbound
      unboundName = unbound
      diagnostic = Diagnostic(.input, "unbound variable {{\(name)}}")
      if let settings = problems.context.settings, name.hasPrefix("args.") || name.hasPrefix("config.") {
        let part = name.prefix { $0 != "." }
        diagnostic.notes.append("the stage \"\(settings.stage)\" of \"\(settings.path)\" has no such entry in \(part)")
      }
      diagnostic.remedies = Suggestions.remedy(for: name, among: Set(scope.names)).map { [$0] } ?? []
      if problems.context.settings == nil { diagnostic.remedies.append("bind it: --bind \(name)=VALUE") }
    case .notText(let path, let kind):
      name = path
      diagnostic = Diagnostic(.input, "the variable {{\(name)}} is a \(kind), which has no text")
    case .circular(let path):
      name = path
      diagnostic = Diagnostic(.input, "the variable {{\(name)}} refers to itself")
    case .tooLong(let path):
      name = path
      diagnostic = Diagnostic(.input, "the variables expand to more than \(Interpolation.limit) bytes")
    }
    diagnostic.notes.insert("in \(describe(field))", at: 0)
    diagnostic.location = place(ofVariable: name) ?? object.location.map(TemplateDiagnostic.location)
    problems.add(diagnostic, unbound: unboundName)
  }

  /// The location of a variable, if the file that created the object contains it only once.
  private func place(ofVariable name: String) -> SourceLocation? {
    guard let source = object.location?.source else { return nil }
    let wanted = Array("{{\(name)}}".utf8)
    var found: Int?
    var offset = 0
    while offset + wanted.count <= source.bytes.count {
      if source.bytes[offset..<(offset + wanted.count)].elementsEqual(wanted) {
        if found != nil { return nil }
        found = offset
      }
      offset += 1
    }
    guard let found else { return nil }
    var place = TemplateDiagnostic.location(StarlarkLocation(source: source, offset: found))
    place.length = wanted.count
    return place
  }
}
