public import Diagnostics
internal import Starlark

/// The problem of a BUILD file.
public enum BuildFileError: DiagnosableError {
  /// The file is not Starlark, or its evaluation failed.
  case evaluation(Diagnostic)
  /// A field that the target's type does not have.
  case unknownField(String, target: String, type: TargetType, typeName: String, place: FieldPlace)
  /// A field does not accept its value.
  case wrongValue(field: String, FieldMismatch, target: String, place: FieldPlace)
  /// Fields that cannot be given together.
  case conflictingFields([String], target: String, typeName: String, site: DeclarationSite)
  /// A field that must be given is not.
  case missingField(String, target: String, typeName: String, site: DeclarationSite)
  /// A target at the root without a name.
  case missingName(typeName: String, site: DeclarationSite)
  /// Two targets of one name.
  case duplicateName(String, site: DeclarationSite, first: DeclarationSite)
  /// A name that no address could hold.
  case badName(String, site: DeclarationSite)
  /// An argument of a function such as `http_source`, or a lack of one.
  case wrongArgument(
    String?, of: String, reason: String, text: String?, remedy: String?, site: DeclarationSite)
  /// A visibility rule that cannot be read.
  case wrongRules(VisibilityError, VisibilityDeclaration.Direction, site: DeclarationSite)
  /// A second call of `__dependencies_rules__` or `__dependents_rules__` in one directory.
  case repeatedRules(VisibilityDeclaration.Direction, site: DeclarationSite, first: DeclarationSite)

  /// Fields that are parametrized both separately and in a group, or a group that is given twice.
  case conflictingParameters(ParametrizeConflict, target: String, site: DeclarationSite)

  /// The error of a BUILD file that something thrown means.
  init(_ error: any Error) {
    switch error {
    case let error as BuildFileError: self = error
    case let error as any DiagnosableError: self = .evaluation(error.diagnostic)
    default: self = .evaluation(Diagnostic(.environment, "\(error)"))
    }
  }

  /// The error for people.
  public var diagnostic: Diagnostic {
    switch self {
    case .evaluation(let diagnostic): return diagnostic
    case .unknownField(let field, let target, let type, let typeName, let place):
      let names = ["name"] + type.fields.map(\.name)
      let near = Suggestions.remedy(for: field, among: names)
      return Diagnostic(
        .input, "the target \"\(target)\" has the field \"\(field)\", which \(typeName) does not have",
        at: place.location,
        notes: near == nil ? ["its fields are " + names.sorted().joined(separator: ", ")] : [],
        remedies: near.map { [$0] } ?? [])
    case .wrongValue(let field, let mismatch, let target, let place):
      var remedies: [String] = []
      if case .string(let text) = mismatch.culprit {
        if mismatch.expected.hasPrefix("a list"), !mismatch.isInside {
          remedies = ["write \(field)=[\(mismatch.culprit.source)]"]
        }
        if let remedy = Suggestions.remedy(for: text, among: mismatch.choices) { remedies = [remedy] }
      }
      return Diagnostic(
        .input,
        "the field \"\(field)\" of the target \"\(target)\" must be \(mismatch.expected), \(mismatch.shown)",
        at: place.location, remedies: remedies)
    case .conflictingFields(let fields, let target, let typeName, let site):
      return Diagnostic(
        .input,
        "the target \"\(target)\" gives " + fields.map { "\"\($0)\"" }.joined(separator: " and ")
          + "; a \(typeName) accepts only one of them", at: site.location(field: fields.last),
        remedies: ["leave all but one of them out"])
    case .missingField(let field, let target, let typeName, let site):
      return Diagnostic(
        .input, "the target \"\(target)\" lacks the field \"\(field)\", which \(typeName) needs", at: site.location())
    case .missingName(let typeName, let site):
      return Diagnostic(
        .input, "a target in the root directory needs a name", at: site.location(),
        remedies: ["write \(typeName)(name=\"root\", …)"])
    case .duplicateName(let name, let site, let first):
      return Diagnostic(
        .input, "two targets of this directory are named \"\(name)\"", at: site.location(field: "name"),
        notes: ["the first is at \(first.path):\(first.line)"], remedies: ["give one of them another name=…"])
    case .badName(let name, let site):
      return Diagnostic(
        .input, "\"\(name)\" cannot be a target's name: : # @ and / have a meaning in addresses",
        at: site.location(field: "name", text: name))
    case .wrongArgument(let argument, let function, let reason, let text, let remedy, let site):
      return Diagnostic(
        .input, "\(function): \(reason)", at: site.location(field: argument, text: text),
        remedies: remedy.map { [$0] } ?? [])
    case .conflictingParameters(let conflict, let target, let site):
      switch conflict {
      case .fields(let names):
        return Diagnostic(
          .input,
          "the target \"\(target)\" parametrises " + names.map { "\"\($0)\"" }.joined(separator: ", ")
            + " by itself and in a group",
          at: site.location(field: names.first), remedies: ["leave the field out of one of them"])
      case .group(let name):
        return Diagnostic(
          .input, "the target \"\(target)\" has two groups of parameters named \"\(name)\"",
          at: site.location(text: name), remedies: ["give each **parametrize(…) its own name"])
      }
    case .wrongRules(let error, let direction, let site):
      return Diagnostic(
        .input, "\(direction.rawValue): \(error.reason)", at: site.location(text: error.text),
        remedies: error.remedy.map { [$0] } ?? [])
    case .repeatedRules(let direction, let site, let first):
      return Diagnostic(
        .input, "\(direction.rawValue) is called twice in this directory", at: site.location(),
        notes: ["the first call is at \(first.path):\(first.line)"],
        remedies: [
          "give all rule sets in one call: \(direction.rawValue)((selectors, rules, …), (selectors, rules, …))"
        ])
    }
  }

  /// The facts of an error of the language, or of one of our functions that it carries.
  static func diagnostic(for error: StarlarkError) -> Diagnostic {
    let location = error.location.map { location in
      let place = DeclarationSite.location(in: location.source, range: location.offset..<(location.offset + 1))
      return place
    }
    if let cause = error.cause as? any DiagnosableError {
      var diagnostic = cause.diagnostic
      if diagnostic.location == nil { diagnostic.location = location }
      return diagnostic
    }
    var notes: [String] = []
    if error.callStack.count > 1 {
      notes = error.callStack.dropLast().reversed().compactMap { frame in
        frame.location.map { "called from \($0.file):\($0.line), in \(frame.function)" }
      }
    }
    return Diagnostic(.input, error.message, at: location, notes: notes, remedies: error.hint.map { [$0] } ?? [])
  }
}
