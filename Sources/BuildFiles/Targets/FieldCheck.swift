internal import Diagnostics

/// Checks values of fields against a target type, wherever they are given: in a call, in `__defaults__`, in `overrides`.
struct FieldCheck {
  let type: TargetType
  let typeName: String
  let site: DeclarationSite
  /// Fields that the repository's own plugins add to targets: of any value.
  var pluginFields: Set<String> = []
  /// The argument of the call that contains the fields, if the fields are not arguments themselves.
  var container: Container?
  /// The name of the target, for messages.
  let target: () -> String

  /// The position of fields that are not arguments of the target's call.
  enum Container {
    /// In the dictionaries of this argument.
    case argument(String)
    /// In dictionaries anywhere in the call.
    case call
  }

  /// The place of a field, and of a text in it.
  private func place(_ field: String, _ text: String?) -> FieldPlace {
    switch container {
    case nil: FieldPlace(site: site, argument: field, text: text)
    case .argument(let name): FieldPlace(site: site, argument: name, key: field, text: text)
    case .call: FieldPlace(site: site, key: field, text: text)
    }
  }

  /// Whether a field may be one of a newer version of Pants: of a type that Kilt does not build, and no misspelled other one.
  private func isOfNewerPants(_ name: String) -> Bool {
    type == .dockerImage && Suggestions.remedy(for: name, among: type.fields.map(\.name)) == nil
  }

  /// Throws ``BuildFileError`` unless the type has the field, or each field of a group, and the value fits it.
  func check(_ field: TargetDeclaration.Assignment) throws(BuildFileError) {
    if case .group(_, let entries) = field.value {
      for entry in entries { try check(.init(name: entry.key.string ?? "", value: entry.value)) }
      return
    }
    guard let definition = type.field(named: field.name) else {
      if type == .foreign || pluginFields.contains(field.name) || isOfNewerPants(field.name) { return }
      throw BuildFileError.unknownField(
        field.name, target: target(), type: type, typeName: typeName, place: place(field.name, nil))
    }
    if let mismatch = definition.mismatch(field.value) {
      throw BuildFileError.wrongValue(
        field: field.name, mismatch, target: target(), place: place(field.name, mismatch.culprit.string))
    }
    if definition.kind == .overrides, let generated = type.generated { try checkOverrides(field.value, generated) }
  }

  /// The fields in `overrides` belong to the generated targets.
  private func checkOverrides(_ value: FieldValue, _ generated: TargetType) throws(BuildFileError) {
    let check = FieldCheck(
      type: generated, typeName: generated.rawValue, site: site, pluginFields: pluginFields,
      container: .argument("overrides"), target: target)
    for entry in value.map ?? [] {
      for field in entry.value.map ?? [] {
        try check.check(.init(name: field.key.string ?? field.key.source, value: field.value))
      }
    }
  }

  /// A field without the parts that the type does not know; nil if nothing is left of it.
  func knownPart(of field: TargetDeclaration.Assignment) -> TargetDeclaration.Assignment? {
    guard case .group(let name, let entries) = field.value else {
      return type.field(named: field.name) == nil ? nil : field
    }
    let known = entries.compactMap { entry in
      knownPart(of: .init(name: entry.key.string ?? "", value: entry.value)).map {
        FieldValue.Entry(key: entry.key, value: $0.value)
      }
    }
    return known.isEmpty ? nil : .init(name: field.name, value: .group(name, known))
  }
}
