internal import Diagnostics
internal import Starlark

/// What the BUILD files of one directory have declared so far. One thread evaluates a directory.
final class PackageState {
  let directory: String
  let environment: (String) -> String?
  private let pluginNames: Set<String>
  var targets: [TargetDeclaration] = []
  var defaults: [DefaultsCall] = []
  var visibility: [VisibilityDeclaration] = []
  var environmentNames: Set<String> = []
  var loadedFiles: Set<String> = []
  private var sitesByName: [String: DeclarationSite] = [:]

  init(directory: String, environment: @escaping (String) -> String?, pluginNames: Set<String> = []) {
    self.directory = directory
    self.environment = environment
    self.pluginNames = pluginNames
  }

  /// Adds the target of a call. Its place is that in the BUILD file, also when a macro makes it.
  func declare(_ symbol: TargetTypeSymbol, _ call: Call) throws {
    let site = try self.site(of: call)
    guard call.positional.isEmpty else {
      throw StarlarkError("\(symbol.name) takes fields by name only", hint: "write \(symbol.name)(name=…)")
    }
    var name: String?
    var fields: [TargetDeclaration.Assignment] = []
    for argument in call.named {
      guard let value = try FieldValue(argument.value) else {
        throw StarlarkError("the field \"\(argument.name)\" can not be \(argument.value.typeName)")
      }
      if argument.name == "name" {
        if case .none = value { continue }
        guard let text = value.string else { throw StarlarkError("a target's name is a string") }
        name = text
      } else {
        fields.append(TargetDeclaration.Assignment(name: argument.name, value: value))
      }
    }
    guard let name = name ?? Address.defaultName(in: directory) else {
      throw BuildFileError.missingName(typeName: symbol.name, site: site)
    }
    guard !name.isEmpty, !name.contains(where: { ":#@/".contains($0) }) else {
      throw BuildFileError.badName(name, site: site)
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
  private func site(of call: Call) throws -> DeclarationSite {
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
    let ruleSets = try call.positional.map { argument in
      guard let value = try Self.ruleValue(argument) else {
        throw StarlarkError("\(direction.rawValue): a rule set is a tuple, not \(argument.typeName)")
      }
      return value
    }
    let declaration = VisibilityDeclaration(
      direction: direction, ruleSets: ruleSets, extends: call.named("extend")?.isTruthy ?? false, site: site)
    do throws(VisibilityError) {
      _ = try VisibilityRuleSet.parse(declaration)
    } catch {
      throw BuildFileError.wrongRules(error, direction, site: site)
    }
    visibility.append(declaration)
  }

  /// A rule's value; a bare target type stands for `"<type>"`, but for the name inside a dictionary.
  private static func ruleValue(_ value: Value) throws -> FieldValue? {
    if let symbol = value.asHost(TargetTypeSymbol.self) { return .string("<\(symbol.name)>") }
    if value.asItems == nil, let elements = value.asElements {
      let values = try elements.map(ruleValue)
      return values.contains(nil) ? nil : .list(values.compactMap { $0 })
    }
    return try FieldValue(value)
  }

  /// `__defaults__({(files, resources): dict(tags=[…])}, all=dict(…), extend=True, ignore_unknown_fields=True)`.
  func addDefaults(_ call: Call) throws {
    let site = try self.site(of: call)
    let ignoresUnknown = call.named("ignore_unknown_fields")?.isTruthy ?? false
    var result = DefaultsCall(fields: [:], extends: call.named("extend")?.isTruthy ?? false)
    if let all = call.named("all") {
      guard let entries = try FieldValue(all)?.map else { throw StarlarkError("__defaults__: all takes a dictionary") }
      for type in TargetType.allCases where type.isPublic {
        try add(entries, to: type, typeName: type.rawValue, ignoresUnknown: true, site: site, &result)
      }
    }
    for argument in call.positional {
      guard let entries = try FieldValue(argument)?.map else {
        throw StarlarkError("__defaults__ takes a dictionary from target types to dictionaries of fields")
      }
      for entry in entries {
        guard let names = entry.key.strings, let fields = entry.value.map else {
          throw StarlarkError("__defaults__ takes a dictionary from target types to dictionaries of fields")
        }
        for name in names {
          guard let type = TargetType(rawValue: name) ?? TargetType.legacyNames[name], type.isPublic else {
            if TargetType.foreignNames.contains(name) { continue }
            throw StarlarkError("__defaults__: \"\(name)\" is not a target type")
          }
          try add(fields, to: type, typeName: name, ignoresUnknown: ignoresUnknown, site: site, &result)
        }
      }
    }
    for argument in call.named where !["all", "extend", "ignore_unknown_fields"].contains(argument.name) {
      throw StarlarkError("__defaults__: unexpected keyword argument \"\(argument.name)\"")
    }
    defaults.append(result)
  }

  private func add(
    _ entries: [FieldValue.Entry], to type: TargetType, typeName: String, ignoresUnknown: Bool, site: DeclarationSite,
    _ result: inout DefaultsCall
  ) throws {
    var fields = result.fields[type] ?? []
    let check = FieldCheck(type: type, typeName: typeName, site: site, pluginFields: pluginNames) { "__defaults__" }
    for entry in entries {
      guard let name = entry.key.string else { throw StarlarkError("__defaults__: a field's name is a string") }
      var field = TargetDeclaration.Assignment(name: name, value: entry.value)
      if ignoresUnknown {
        guard let known = check.knownPart(of: field) else { continue }
        field = known
      }
      try check.check(field)
      fields.removeAll { $0.name == name }
      fields.append(field)
    }
    result.fields[type] = fields
  }
}
