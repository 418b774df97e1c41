internal import Diagnostics
internal import Starlark

/// A function whose result is the value of a field and keeps its arguments by name: `http_source`, `python_artifact`.
struct FieldFunction: Sendable {
  /// The values that an argument accepts.
  enum Kind: Sendable {
    case string
    case count
    case any
    /// A file name, or the result of `http_source`.
    case source
    /// The SHA-256 of a file.
    case digest

    /// The expected kind, for messages; nil if the value is right.
    func mismatch(_ value: FieldValue) -> String? {
      let holds =
        switch self {
        case .string: value.string != nil
        case .count: (value.int ?? -1) >= 0
        case .any: true
        case .source: value.string != nil || value.isObject("http_source")
        case .digest: value.string.map { $0.utf8.count == 64 && $0.allSatisfy(\.isHexDigit) } ?? false
        }
      if holds { return nil }
      return switch self {
      case .string: "a string"
      case .count: "a number of bytes"
      case .any: "a value"
      case .source: "a file name or http_source(…)"
      case .digest: "64 hexadecimal digits"
      }
    }
  }

  /// An argument.
  struct Parameter: Sendable {
    let name: String
    let kind: Kind
    let isRequired: Bool

    init(_ name: String, _ kind: Kind, isRequired: Bool = false) {
      self.name = name
      self.kind = kind
      self.isRequired = isRequired
    }
  }

  let name: String
  /// The known arguments, in the order of positional arguments.
  let parameters: [Parameter]
  /// The number of positional arguments.
  var positional = 0
  /// Whether arguments with other names are kept unchanged.
  var isOpen = false
  /// Checks all arguments together; returns the wrong argument, the problem and a remedy.
  var validate: @Sendable ([FieldValue.Entry]) -> (argument: String?, reason: String, remedy: String)? = { _ in nil }

  /// The functions, by `target_types.py` of Pants' `core`, and the macros and target types of its other backends.
  static let all: [FieldFunction] =
    [
      FieldFunction(
        name: "http_source",
        parameters: [
          Parameter("url", .string, isRequired: true), Parameter("len", .count, isRequired: true),
          Parameter("sha256", .digest, isRequired: true), Parameter("filename", .string),
        ], positional: 1, validate: fileName),
      FieldFunction(
        name: "per_platform", parameters: platforms.map { Parameter($0, .source) },
        validate: { entries in
          if entries.contains(where: { $0.value != .none }) { return nil }
          return (nil, "it needs the file of at least one platform", "write per_platform(linux_x86_64=\"…\", …)")
        }),
      FieldFunction(
        name: "stevedore_namespace", parameters: [Parameter("alias", .string, isRequired: true)], positional: 1),
    ] + ["python_artifact", "setup_py"].map { FieldFunction(name: $0, parameters: setupArguments, isOpen: true) }
    + [
      "bundle", "node_build_script", "node_run_script", "node_test_script", "node_format_script", "node_lint_script",
    ].map { FieldFunction(name: $0, parameters: [], isOpen: true) }

  private static let platforms = ["linux_arm64", "linux_x86_64", "macos_arm64", "macos_x86_64"]

  /// Arguments of setuptools' `setup()` that are one string; it accepts many more, and its plugins add to them.
  private static let setupArguments = [
    "name", "version", "description", "long_description", "long_description_content_type", "author", "author_email",
    "maintainer", "maintainer_email", "url", "download_url", "license", "python_requires",
  ].map { Parameter($0, .string) }

  func call(_ call: Call) throws -> Value {
    guard call.positional.count <= positional else {
      let rest =
        positional == 0
        ? "it takes arguments by name only" : "only \"\(parameters[0].name)\" may stand without its name"
      throw error(call, nil, rest, parameters.isEmpty ? nil : "write \(name)(\(parameters[positional].name)=…)")
    }
    var entries: [FieldValue.Entry] = []
    for (parameter, value) in zip(parameters, call.positional) { try add(parameter.name, value, to: &entries, call) }
    for argument in call.named { try add(argument.name, argument.value, to: &entries, call) }
    for parameter in parameters where parameter.isRequired {
      guard entries.contains(where: { $0.key == .string(parameter.name) && $0.value != .none }) else {
        throw error(call, nil, "it lacks the argument \"\(parameter.name)\"", "add \(parameter.name)=…")
      }
    }
    if let (argument, reason, remedy) = validate(entries) { throw error(call, argument, reason, remedy) }
    return .host(FieldObject(typeName: name, value: .object(name, entries)))
  }

  private func add(_ key: String, _ value: Value, to entries: inout [FieldValue.Entry], _ call: Call) throws {
    guard let converted = try FieldValue(value) else {
      throw error(call, key, "the argument \"\(key)\" cannot be \(value.typeName)", nil)
    }
    let parameter = parameters.first { $0.name == key }
    guard let kind = parameter?.kind ?? (isOpen ? .any : nil) else {
      let names = parameters.map(\.name)
      let remedy = Suggestions.remedy(for: key, among: names) ?? "its arguments are " + names.joined(separator: ", ")
      throw error(call, key, "it has no argument \"\(key)\"", remedy)
    }
    let isLeftOut = converted == .none && !(parameter?.isRequired ?? false)
    if !isLeftOut, let expected = kind.mismatch(converted) {
      let shown = if case .string = converted { converted.source } else { converted.kindName }
      throw error(
        call, key, "the argument \"\(key)\" takes \(expected), not \(shown)", nil, text: converted.string)
    }
    guard !entries.contains(where: { $0.key == .string(key) }) else {
      throw error(call, key, "the argument \"\(key)\" is given twice", nil)
    }
    entries.append(.init(key: .string(key), value: converted))
  }

  /// The error of a call, at the argument where it is written there.
  private func error(
    _ call: Call, _ argument: String?, _ reason: String, _ remedy: String?, text: String? = nil
  ) -> any Error {
    guard let location = call.location else { return StarlarkError("\(name): \(reason)", hint: remedy) }
    return BuildFileError.wrongArgument(
      argument, of: name, reason: reason, text: text, remedy: remedy,
      site: DeclarationSite(source: location.source, offset: location.offset))
  }

  /// The file of a download must have a name (Pants: `http_source.__post_init__`).
  private static let fileName: @Sendable ([FieldValue.Entry]) -> (argument: String?, reason: String, remedy: String)? =
    {
      entries in
      func argument(_ name: String) -> String? { entries.first { $0.key == .string(name) }?.value.string }
      if let name = argument("filename") {
        if !name.isEmpty, !name.contains("/"), name != ".", name != ".." { return nil }
        return ("filename", "\"\(name)\" cannot be the name of a file", "write a name without a path")
      }
      let path = (argument("url") ?? "").prefix { !"?#".contains($0) }
      if !path.hasSuffix("/"), path.split(separator: "/").count > 2 { return nil }
      return ("url", "the URL does not end in the name of a file", "add filename=\"…\"")
    }
}

extension FieldValue {
  /// Whether a function of this name created the value.
  func isObject(_ name: String) -> Bool { if case .object(name, _) = self { true } else { false } }
}
