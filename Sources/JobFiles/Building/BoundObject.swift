import Diagnostics
import JobModel
import Starlark
import SystemSupport

/// Everything that a job is built from besides its template object.
struct BuildingContext {
  var settings: StageSettings
  var artifact: ArtifactReference
  var resolver: ArtifactResolver
  var variables: [(name: String, value: Value)]
}

/// Collects what is wrong with a job, so that one run tells all of it.
final class Problems {
  private(set) var diagnostics: [Diagnostic] = []
  /// Every template file that took part, to find where a variable is written.
  let context: BuildingContext

  init(_ context: BuildingContext) { self.context = context }

  func add(_ diagnostic: Diagnostic) {
    if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
  }

  func check() throws {
    if diagnostics.count == 1 { throw diagnostics[0] }
    if !diagnostics.isEmpty { throw DiagnosticList(diagnostics) }
  }
}

/// An object of a template with the scope it stands in: reads its fields as values of Swift, with variables bound.
struct BoundObject {
  let object: TemplateObject
  let variables: Variables
  let problems: Problems

  init(_ object: TemplateObject, in variables: Variables, problems: Problems) {
    self.object = object
    self.variables = variables.within(object)
    self.problems = problems
  }

  func has(_ field: String) -> Bool { object.field(field) != nil }

  /// Reports a problem of this object, at the place that made it.
  func problem(_ summary: String, notes: [String] = [], remedies: [String] = []) {
    problems.add(
      Diagnostic(
        .input, summary, at: object.location.map(TemplateDiagnostic.location), notes: notes, remedies: remedies))
  }

  /// "the field "ram" of Resources", with the name of what it belongs to.
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
    parsed(field, "a whole number") { value in value.asString.map { Int($0) } ?? value.asInt }
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
      guard let text = value.asString else { return value.asBool }
      return ["true": true, "True": true, "false": false, "False": false][text]
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
    return BoundObject(object, in: variables, problems: problems)
  }

  func children(_ field: String) -> [BoundObject] {
    (object.field(field)?.asElements ?? []).compactMap { value in
      value.asHost(TemplateObject.self).map { BoundObject($0, in: variables, problems: problems) }
    }
  }

  func entries(_ field: String) -> [(name: String, value: String)] {
    (object.field(field)?.asItems ?? []).map { (text($0.key, field), text($0.value, field)) }
  }

  /// The text of a value, early variables bound.
  func text(_ value: Value, _ field: String) -> String {
    guard let written = value.asString else {
      var binding = EarlyBinding(Variables([(name: "value", value: value)]))
      return binding.bind("{{value}}")
    }
    var binding = EarlyBinding(variables)
    let text = binding.bind(written)
    for failure in binding.failures { report(failure, field) }
    return text
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

  private func report(_ failure: EarlyBinding.Failure, _ field: String) {
    var diagnostic: Diagnostic
    let name: String
    switch failure {
    case .unbound(let unbound):
      name = unbound
      diagnostic = Diagnostic(.input, "unbound variable {{\(name)}}")
      if name.hasPrefix("args.") || name.hasPrefix("config.") {
        let part = name.prefix { $0 != "." }
        diagnostic.notes.append(
          "the stage \"\(problems.context.settings.stage)\" of \"\(problems.context.settings.path)\" has no such entry in \(part)"
        )
      }
      diagnostic.remedies = Suggestions.remedy(for: name, among: Set(variables.names)).map { [$0] } ?? []
    case .notText(let path, let kind):
      name = path
      diagnostic = Diagnostic(.input, "the variable {{\(name)}} is a \(kind), which has no text")
    case .circular(let path):
      name = path
      diagnostic = Diagnostic(.input, "the variable {{\(name)}} stands for itself")
    case .tooLong(let path):
      name = path
      diagnostic = Diagnostic(.input, "the variables here stand for more than \(EarlyBinding.limit) bytes")
    }
    diagnostic.notes.insert("in \(describe(field))", at: 0)
    diagnostic.location = place(ofVariable: name) ?? object.location.map(TemplateDiagnostic.location)
    problems.add(diagnostic)
  }

  /// Where a variable is written, when the file that made the object has it in one place only.
  private func place(ofVariable name: String) -> Diagnostics.SourceLocation? {
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
    var place = TemplateDiagnostic.location(Starlark.SourceLocation(source: source, offset: found))
    place.length = wanted.count
    return place
  }
}
