internal import Diagnostics
internal import Starlark

/// One `__defaults__` call.
struct DefaultsCall: Sendable {
  /// Values by target type: see ``FieldDefaults/key(of:_:)``. Types that the call does not name keep their values.
  var fields: [String: [TargetDeclaration.Assignment]]
  /// Whether the values are added to the existing ones.
  var extends: Bool

  /// The call's values for a type; nil if it has none.
  subscript(key: String) -> [TargetDeclaration.Assignment]? {
    fields[key] ?? (FieldDefaults.isForeign(key) ? fields[FieldDefaults.foreign] : nil)
  }
}

/// The values that `__defaults__` gives to fields, by target type.
public struct FieldDefaults: Sendable, Hashable {
  private var fields: [String: [TargetDeclaration.Assignment]] = [:]

  /// No values.
  public init() {}

  /// The key for all types that Kilt does not build, unless one has values by name.
  static let foreign = TargetType.foreign.rawValue

  /// The name under which a type's values are kept: today's name of one that Kilt knows, a foreign one's own.
  static func key(of type: TargetType, _ name: String) -> String { type == .foreign ? name : type.rawValue }

  static func isForeign(_ key: String) -> Bool { TargetType(rawValue: key).map { $0 == .foreign } ?? true }

  /// The values for a type.
  subscript(key: String) -> [TargetDeclaration.Assignment] {
    fields[key] ?? (Self.isForeign(key) ? fields[Self.foreign] : nil) ?? []
  }

  /// The values after a call of `__defaults__`: the named types get its values, added to their former ones if it
  /// extends; other types keep their values.
  func applying(_ call: DefaultsCall) -> FieldDefaults {
    var result = self
    var keys = Set(call.fields.keys)
    // Values for all foreign types also apply to the types that were named before.
    if keys.contains(Self.foreign) { keys.formUnion(fields.keys.filter(Self.isForeign)) }
    for key in keys {
      var merged = call.extends ? self[key] : []
      for field in call[key] ?? [] {
        merged.removeAll { $0.name == field.name }
        merged.append(field)
      }
      // An empty value for one foreign type hides the values of all foreign types.
      result.fields[key] = merged.isEmpty && (key == Self.foreign || !Self.isForeign(key)) ? nil : merged
    }
    return result
  }
}

extension BuildDirectoryEvaluation {
  /// `__defaults__({(files, resources): dict(tags=[…])}, all=dict(…), extend=True, ignore_unknown_fields=True)`.
  func addDefaults(_ call: Call) throws {
    let site = try self.site(of: call)
    func flag(_ name: String) throws -> Bool {
      guard let value = call.named(name) else { return false }
      guard let flag = value.asBool else {
        throw BuildFileError.wrongArgument(
          name, of: "__defaults__", reason: "the argument \"\(name)\" takes True or False", text: nil, remedy: nil,
          site: site)
      }
      return flag
    }
    let known = ["all", "extend", "ignore_unknown_fields", "ignore_unknown_targets"]
    for argument in call.named where !known.contains(argument.name) {
      throw BuildFileError.wrongArgument(
        argument.name, of: "__defaults__", reason: "it has no argument \"\(argument.name)\"", text: nil,
        remedy: Suggestions.remedy(for: argument.name, among: known), site: site)
    }
    let ignoresUnknown = try flag("ignore_unknown_fields")
    let ignoresTargets = try flag("ignore_unknown_targets")
    var result = DefaultsCall(fields: [:], extends: try flag("extend"))
    if let all = call.named("all") {
      guard let entries = try FieldValue(all)?.map else {
        throw BuildFileError.wrongArgument(
          "all", of: "__defaults__", reason: "the argument \"all\" takes a dictionary of fields", text: nil,
          remedy: "write all=dict(tags=[…])", site: site)
      }
      for type in TargetType.allCases where type.isPublic || type == .foreign {
        try add(entries, to: type, name: type.rawValue, ignoresUnknown: true, site: site, &result)
      }
    }
    func malformed(_ value: FieldValue?) -> BuildFileError {
      .wrongArgument(
        nil, of: "__defaults__",
        reason: "it takes a dictionary from target types to dictionaries of fields"
          + (value.map { ", not \($0.source)" } ?? ""), text: nil,
        remedy: "write __defaults__({python_sources: dict(tags=[…])})", site: site)
    }
    for argument in call.positional {
      guard let value = try FieldValue(argument) else { throw malformed(nil) }
      guard let entries = value.map else { throw malformed(value) }
      for entry in entries {
        guard let names = entry.key.strings, let fields = entry.value.map else {
          throw malformed(.map([entry]))
        }
        for name in names {
          guard let type = defaultsType(name) else {
            if ignoresTargets { continue }
            throw BuildFileError.wrongArgument(
              nil, of: "__defaults__", reason: "\"\(name)\" is not a target type", text: name,
              remedy: Suggestions.remedy(
                for: name, among: TargetType.allCases.filter(\.isPublic).map(\.rawValue) + TargetType.foreignNames),
              site: site)
          }
          try add(fields, to: type, name: name, ignoresUnknown: ignoresUnknown, site: site, &result)
        }
      }
    }
    defaults.append(result)
  }

  /// The type of a name in `__defaults__`; nil for none.
  private func defaultsType(_ name: String) -> TargetType? {
    if let type = TargetType(rawValue: name) ?? TargetType.legacyNames[name], type.isPublic { return type }
    return ignoresUnknownTypes || TargetType.foreignNames.contains(name) || pluginNames.contains(name) ? .foreign : nil
  }

  private func add(
    _ entries: [FieldValue.Entry], to type: TargetType, name typeName: String, ignoresUnknown: Bool,
    site: DeclarationSite, _ result: inout DefaultsCall
  ) throws {
    let key = FieldDefaults.key(of: type, typeName)
    var fields = result[key] ?? []
    let check = FieldCheck(
      type: type, typeName: typeName, site: site, pluginFields: pluginNames, container: .call
    ) { "__defaults__" }
    for entry in entries {
      guard let name = entry.key.string else {
        throw BuildFileError.wrongArgument(
          nil, of: "__defaults__", reason: "the name of a field is a string, not \(entry.key.source)", text: nil,
          remedy: nil, site: site)
      }
      var field = TargetDeclaration.Assignment(name: name, value: entry.value)
      if ignoresUnknown {
        guard let known = check.knownPart(of: field) else { continue }
        field = known
      }
      try check.check(field)
      fields.removeAll { $0.name == name }
      fields.append(field)
    }
    result.fields[key] = fields
  }
}
