internal import BuildFiles
public import JSON
internal import Workspace

extension DependencyResolver {
  /// All facts about a target: address, type, every field with its value, dependencies, sources.
  ///
  /// - Parameter excludesDefaults: omits fields that have their type's default value.
  public func peek(_ id: TargetID, excludesDefaults: Bool = false) throws -> JSONValue {
    let target = graph[id]
    var object = JSONObject()
    object["address"] = .string(target.address.description)
    object["target_type"] = .string(target.typeName)
    let definitions = target.type.fields.sorted { $0.name < $1.name }
    var members: [(String, JSONValue)] = []
    for definition in definitions {
      let value = JSONValue(target.value(of: definition.name))
      if excludesDefaults, target.value(of: definition.name) == definition.defaultValue { continue }
      switch definition.name {
      case "dependencies":
        members.append(("dependencies_raw", try writtenDependencies(of: id)))
      case "entry_point" where target.type == .pexBinary:
        members.append((definition.name, Self.entryPoint(target.value(of: definition.name).string)))
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
    members.append(("build_file", target.buildFile.map { .string($0) } ?? .null))
    for (name, value) in members.sorted(by: { $0.0 < $1.0 }) { object[name] = value }
    return .object(object)
  }

  /// The dependencies as the BUILD file lists them; for a requirement of a file also its implicit ones, as Pants shows
  /// them.
  private func writtenDependencies(of id: TargetID) throws -> JSONValue {
    let target = graph[id]
    guard target.type == .pythonRequirement, target.generator != nil, target.given("dependencies") == nil else {
      return JSONValue(target.given("dependencies") ?? .none)
    }
    return .strings(graph.sortedByAddress(try dependencies(of: id)).map { graph.address(of: $0).description })
  }

  /// `module:function` in its parts, as Pants shows it.
  private static func entryPoint(_ text: String?) -> JSONValue {
    guard let text else { return .null }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    return .object(
      JSONObject([("module", .string(parts[0])), ("function", parts.count > 1 ? .string(parts[1]) : .null)]))
  }
}

extension JSONValue {
  /// A field's value as JSON; the result of a function is an object with its name.
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
