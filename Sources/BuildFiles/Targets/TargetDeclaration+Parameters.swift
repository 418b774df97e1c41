/// Fields that do not support `parametrize`.
public enum ParametrizeConflict: Error, Hashable {
  /// Fields that are parametrized both separately and in a group.
  case fields([String])
  /// A group whose name another has.
  case group(String)
}

extension TargetDeclaration {
  /// Fields and the parameters that chose their values.
  public typealias Variant = (parameters: [Address.Parameter], fields: [Assignment])

  /// The targets that `parametrize` creates from this one; only itself without `parametrize`.
  func expanded(in directory: String) throws(BuildFileError) -> [TargetDeclaration] {
    guard Self.isParametrized(fields) else { return [self] }
    let variants: [Variant]
    do throws(ParametrizeConflict) {
      variants = try Self.variants(of: fields, parameters: parameters)
    } catch {
      throw .conflictingParameters(
        error, target: Address(directory: directory, name: name).description, site: site)
    }
    return variants.map { variant in
      var copy = self
      copy.parameters = variant.parameters
      copy.fields = variant.fields
      return copy
    }
  }

  private static func isParametrized(_ fields: [Assignment]) -> Bool {
    fields.contains { field in
      switch field.value {
      case .alternatives, .group: true
      default: false
      }
    }
  }

  /// The fields in every combination of their alternatives: the product of all parametrized fields, and of the groups,
  /// which exclude each other. Fields of a group override fields outside.
  ///
  /// The source is Pants' `Parametrize.expand`; groups in groups join their names with `-`.
  ///
  /// - Parameter parameters: the parameters that the target already has.
  /// - Returns: fields without alternatives, and the parameters by key.
  public static func variants(
    of fields: [Assignment], parameters: [Address.Parameter] = [], groupPrefix: String = ""
  ) throws(ParametrizeConflict) -> [Variant] {
    guard isParametrized(fields) else { return [(parameters, fields)] }
    var groups: [(name: String, entries: [Assignment])] = []
    for field in fields {
      guard case .group(let name, let entries) = field.value else { continue }
      if groups.contains(where: { $0.name == name }) { throw .group(name) }
      groups.append((name, entries.map { Assignment(name: $0.key.string ?? "", value: $0.value) }))
    }
    let grouped = Set(groups.flatMap { $0.entries.map(\.name) })
    var conflicts: [String] = []
    // One value a field, in the order of the declaration, so that the product is in that order too.
    var product: [Variant] = [(parameters, [])]
    for field in fields {
      switch field.value {
      case .group: continue
      case .alternatives(let entries):
        if grouped.contains(field.name) { conflicts.append(field.name) }
        product = product.flatMap { variant in
          entries.map { entry in
            (
              adding(.init(key: field.name, value: entry.key.string ?? ""), to: variant.parameters),
              variant.fields + [Assignment(name: field.name, value: entry.value)]
            )
          }
        }
      default: for index in product.indices { product[index].fields.append(field) }
      }
    }
    if !conflicts.isEmpty { throw .fields(conflicts.sorted()) }
    guard !groups.isEmpty else { return product }
    var result: [Variant] = []
    for variant in product {
      for group in groups {
        let name = groupPrefix + group.name
        // A group's fields are chosen by the group's name, no longer one by one.
        let own = variant.parameters.filter { parameter in !group.entries.contains { $0.name == parameter.key } }
        let inner = try variants(
          of: group.entries, parameters: adding(.init(key: "parametrize", value: name), to: own),
          groupPrefix: name + "-")
        for part in inner {
          let clashes = part.fields.map(\.name).filter { name in
            fields.contains { $0.name == name && isParametrized([$0]) }
          }
          if !clashes.isEmpty { throw .fields(clashes.sorted()) }
          let kept = variant.fields.filter { field in !part.fields.contains { $0.name == field.name } }
          result.append((part.parameters, kept + part.fields))
        }
      }
    }
    return result
  }

  private static func adding(_ parameter: Address.Parameter, to parameters: [Address.Parameter]) -> [Address.Parameter]
  {
    (parameters.filter { $0.key != parameter.key } + [parameter]).sorted { $0.key < $1.key }
  }
}
