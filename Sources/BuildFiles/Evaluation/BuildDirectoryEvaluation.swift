internal import Diagnostics
internal import Starlark

/// The declarations so far of the BUILD files of one directory. One thread evaluates a directory.
final class BuildDirectoryEvaluation {
  let directory: String
  let environment: (String) -> String?
  let pluginNames: Set<String>
  let ignoresUnknownTypes: Bool
  /// The values that directories above give to fields; nil while unknown.
  let inherited: FieldDefaults?
  /// Whether evaluation has stopped because it needs the values that directories above give to fields.
  var awaitsInherited = false
  var targets: [TargetDeclaration] = []
  var defaults: [DefaultsCall] = []
  var visibility: [VisibilityDeclaration] = []
  var environmentNames: Set<String> = []
  var loadedFiles: Set<String> = []
  private var sitesByName: [String: DeclarationSite] = [:]

  init(directory: String, options: BuildFileEvaluator.Options, inherited: FieldDefaults?) {
    self.directory = directory
    self.inherited = inherited
    environment = options.environment
    pluginNames = options.pluginNames
    ignoresUnknownTypes = options.ignoresUnknownTypes
  }

  /// Adds the target of a call. Its location is in the BUILD file, even if a macro creates it.
  func declare(_ symbol: TargetTypeSymbol, _ call: Call) throws {
    let site = try self.site(of: call)
    guard call.positional.isEmpty else {
      throw BuildFileError.wrongArgument(
        nil, of: symbol.name, reason: "it takes fields by name only", text: nil,
        remedy: "write \(symbol.name)(name=\"…\", …)", site: site)
    }
    var name: String?
    var fields: [TargetDeclaration.Assignment] = []
    for argument in call.named {
      guard let value = try FieldValue(argument.value) else {
        let shown = argument.value.isCallable ? "a function" : "this \(argument.value.typeName)"
        throw BuildFileError.wrongArgument(
          argument.name, of: symbol.name, reason: "the field \"\(argument.name)\" cannot be \(shown)", text: nil,
          remedy: nil, site: site)
      }
      if argument.name == "name" {
        if case .none = value { continue }
        guard let text = value.string else {
          throw BuildFileError.wrongArgument(
            "name", of: symbol.name, reason: "a target's name is a string, not \(value.kindName)", text: nil,
            remedy: nil, site: site)
        }
        name = text
      } else {
        fields.append(TargetDeclaration.Assignment(name: argument.name, value: value))
      }
    }
    // The directory's name is valid with any characters; addresses escape them.
    if let name, name.isEmpty || name.contains(where: { ":#@/".contains($0) }) {
      throw BuildFileError.badName(name, site: site)
    }
    guard let name = name ?? Address.defaultName(in: directory) else {
      throw BuildFileError.missingName(typeName: symbol.name, site: site)
    }
    if let first = sitesByName.updateValue(site, forKey: name) {
      throw BuildFileError.duplicateName(name, site: site, first: first)
    }
    var declaration = TargetDeclaration(
      type: symbol.type, typeName: symbol.name, name: name, fields: fields, site: site)
    declaration.modernize()
    declaration.defaultsBefore = defaults.count
    try declaration.checkFields(in: directory, pluginFields: pluginNames)
    targets.append(declaration)
  }

  /// The outermost place of a call: that in the BUILD file.
  func site(of call: Call) throws -> DeclarationSite {
    let frame = call.callStack.first { $0.location != nil }
    guard let location = frame?.location ?? call.location else {
      throw StarlarkError("\(call.name)() was called from nowhere")
    }
    return DeclarationSite(source: location.source, offset: location.offset)
  }

  /// `__dependencies_rules__((selectors, rule, …), …, extend=True)`, and the same for dependents.
  func addRules(_ direction: VisibilityDeclaration.Direction, _ call: Call) throws {
    let site = try self.site(of: call)
    if let first = visibility.first(where: { $0.direction == direction }) {
      throw BuildFileError.repeatedRules(direction, site: site, first: first.site)
    }
    for argument in call.named where argument.name != "extend" {
      throw StarlarkError(
        "\(direction.rawValue) has no parameter \"\(argument.name)\"", hint: "it takes rule sets and extend=True")
    }
    let values = try call.positional.map { argument in
      guard let value = try Self.ruleValue(argument) else {
        throw StarlarkError("\(direction.rawValue): a rule set is a tuple, not \(argument.typeName)")
      }
      return value
    }
    do throws(VisibilityError) {
      visibility.append(
        try VisibilityDeclaration(
          direction: direction, values: values, extends: call.named("extend")?.isTruthy ?? false, site: site))
    } catch {
      throw BuildFileError.wrongRules(error, direction, site: site)
    }
  }

  /// A rule's value; a bare target type means `"<type>"`, except for the name inside a dictionary.
  private static func ruleValue(_ value: Value) throws -> FieldValue? {
    if let symbol = value.asHost(TargetTypeSymbol.self) { return .string("<\(symbol.name)>") }
    if value.asItems == nil, let elements = value.asElements {
      let values = try elements.map(ruleValue)
      return values.contains(nil) ? nil : .list(values.compactMap { $0 })
    }
    return try FieldValue(value)
  }
}
