extension TargetDeclaration {
  /// Fields of 2017 that have no meaning today.
  private static let forgottenFields: Set<String> = [
    "always_write_cache", "coverage", "indices", "no_cache", "provides", "repositories", "scope", "zip_safe",
  ]

  /// Puts the fields of 2017 into the form of today.
  mutating func modernize() {
    for index in fields.indices {
      switch fields[index].name {
      case "compatibility" where type.field(named: "interpreter_constraints") != nil:
        fields[index].name = "interpreter_constraints"
        if let text = fields[index].value.string { fields[index].value = .strings([text]) }
      case "source" where type.field(named: "source") == nil && type.field(named: "sources") != nil:
        fields[index].name = "sources"
        if let text = fields[index].value.string { fields[index].value = .strings([text]) }
      case "source" where type == .pexBinary, "sources" where type == .pexBinary:
        // Pants 1 gave a binary its file; today it is the entry point, and the file has a target of its own.
        guard given("entry_point") == nil, let file = fields[index].value.strings?.first else { continue }
        fields[index] = Assignment(name: "entry_point", value: .string(file))
      case "requirements_relpath" where type == .pythonRequirements: fields[index].name = "source"
      case "inherit_path" where fields[index].value.bool != nil:
        fields[index].value = .string(fields[index].value == .bool(true) ? "prefer" : "false")
      case "module_mapping" where type == .pythonRequirements, "type_stubs_module_mapping":
        // Values can be one module or a list.
        continue
      default: continue
      }
    }
    let isLegacy = TargetType.legacyNames[typeName] != nil || typeName == "python_tests"
    if isLegacy {
      let type = type
      fields.removeAll { Self.forgottenFields.contains($0.name) && type.field(named: $0.name) == nil }
      if type == .pexBinary { fields.removeAll { $0.name == "source" || $0.name == "sources" } }
    }
  }

  /// Checks every given field against the type.
  func checkFields(in directory: String, pluginFields: Set<String>) throws(BuildFileError) {
    if type == .foreign { return }
    let check = FieldCheck(type: type, typeName: typeName, site: site, pluginFields: pluginFields) {
      Address(directory: directory, name: name).description
    }
    for field in fields { try check.check(field) }
  }

  /// Fields of which a target can set only one (Pants: `PexBinary.validate`, `PythonRequirementTarget.validate`).
  private var exclusiveFields: [String] {
    switch type {
    case .pexBinary: ["entry_point", "script", "executable"]
    case .pythonRequirement: ["modules", "type_stub_modules"]
    default: []
    }
  }

  /// Checks that no field is missing, and none is too many; defaults can have supplied fields.
  func checkCompleteness(in directory: String) throws(BuildFileError) {
    if type == .foreign { return }
    for definition in type.fields where definition.isRequired {
      let value = given(definition.name)
      if value == nil || value == FieldValue.none {
        throw BuildFileError.missingField(
          definition.name, target: Address(directory: directory, name: name).description, typeName: typeName,
          site: site)
      }
    }
    let exclusive = exclusiveFields.filter { given($0).map { $0 != .none && $0 != .list([]) } ?? false }
    if exclusive.count > 1 {
      throw BuildFileError.conflictingFields(
        exclusive, target: Address(directory: directory, name: name).description, typeName: typeName, site: site)
    }
  }
}
