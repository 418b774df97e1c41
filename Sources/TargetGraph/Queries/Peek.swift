internal import BuildFiles
public import JSON
internal import Workspace

extension DependencyResolver {
  /// All that is known of a target: address, type, every field with its value, dependencies, sources.
  ///
  /// - Parameter excludesDefaults: leaves out fields that are not given.
  public func peek(_ id: TargetID, excludesDefaults: Bool = false) throws -> JSONValue {
    let target = graph[id]
    var object = JSONObject()
    object["address"] = .string(target.address.description)
    object["target_type"] = .string(target.typeName)
    let definitions = target.type.fields.sorted { $0.name < $1.name }
    var members: [(String, JSONValue)] = []
    for definition in definitions {
      let given = target.given(definition.name)
      if excludesDefaults, given == nil { continue }
      let value = JSONValue(target.value(of: definition.name))
      switch definition.name {
      case "dependencies":
        members.append(("dependencies_raw", JSONValue(given ?? .none)))
      case "sources", "source": members.append((definition.name + "_raw", value))
      default: members.append((definition.name, value))
      }
    }
    let dependencies = graph.sortedByAddress(expandingGenerators(try dependencies(of: id)))
    members.append(("dependencies", .strings(dependencies.map { graph.address(of: $0).description })))
    if let file = target.file {
      members.append(("sources", .strings([graph.files.path(of: file)])))
    } else if target.isGenerator {
      let files = graph.generated(by: id).compactMap { graph[$0].file }.map { graph.files.path(of: $0) }
      members.append(("sources", .strings(files.sorted())))
    }
    members.append(("build_file", .string(target.declaration.site.path)))
    for (name, value) in members.sorted(by: { $0.0 < $1.0 }) { object[name] = value }
    return .object(object)
  }
}

extension JSONValue {
  /// A field's value as JSON; what a function made is an object with its name.
  init(_ value: FieldValue) {
    func name(_ key: FieldValue) -> String { key.string ?? key.strings?.joined(separator: ",") ?? key.source }
    switch value {
    case .none: self = .null
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .double(let value): self = .double(value)
    case .string(let text): self = .string(text)
    case .list(let values): self = .array(values.map { JSONValue($0) })
    case .map(let entries), .alternatives(let entries), .group(_, let entries):
      self = .object(JSONObject(entries.map { (name($0.key), JSONValue($0.value)) }))
    case .object(let function, let entries):
      let members = entries.map { (name($0.key), JSONValue($0.value)) }
      self = .object(JSONObject([("function", .string(function))] + members))
    }
  }
}
