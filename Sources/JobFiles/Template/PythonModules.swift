import Diagnostics
import Starlark

/// The few imports of Aurora's files that mean the same everywhere. This code reads no files and no environment: only
/// its files define a job.
enum PythonModules {
  /// `__import__("os.path", "join")`: a module, or one of its names.
  static func importing(_ call: Call) throws -> Value {
    let arguments = try call.bind(["module", "name"], required: 1)
    let module = arguments[0]?.asString ?? ""
    let evaluation: TemplateEvaluation? = call.context()
    // Names of Aurora and Pystachio are defined without an import.
    if module == "pystachio" || module.hasPrefix("pystachio.") || module.hasPrefix("apache.") || module == "__future__"
    {
      guard let name = arguments[1]?.asString, name != "*" else { return .none }
      if module == "__future__" { return .none }
      if let value = evaluation?.names[name] { return value }
      throw StarlarkError(
        "\"\(module)\" has no \"\(name)\" here",
        hint: Suggestions.remedy(for: name, among: evaluation?.names.keys.sorted() ?? []))
    }
    let modules = modules(user: evaluation?.user)
    guard let found = modules[module] else {
      throw StarlarkError(
        "cannot import the module \"\(module)\"",
        hint: "the modules here are \(modules.keys.sorted().joined(separator: ", "))")
    }
    guard let name = arguments[1]?.asString else {
      // `import os.path` binds `os`.
      return .host(modules[String(module.prefix { $0 != "." })] ?? found)
    }
    if name == "*" {
      for (name, value) in found.members { try call.thread.define(name, value) }
      return .none
    }
    guard let value = found.members[name] else {
      throw StarlarkError(
        "the module \"\(module)\" has no \"\(name)\" here",
        hint: "it has \(found.attributeNames.joined(separator: ", "))")
    }
    return value
  }

  private static func modules(user: String?) -> [String: Namespace] {
    let path = Namespace(
      "os.path",
      [
        "join": .builtin("join") { call in
          try .string(
            texts(call).reduce("") { joined, part in
              part.hasPrefix("/") || joined.isEmpty ? part : joined + (joined.hasSuffix("/") ? "" : "/") + part
            })
        },
        "basename": .builtin("basename") { call in
          let text = try texts(call).first ?? ""
          return .string(String(text.lastIndex(of: "/").map { text[text.index(after: $0)...] } ?? text[...]))
        },
        "dirname": .builtin("dirname") { call in
          let text = try texts(call).first ?? ""
          guard let slash = text.lastIndex(of: "/") else { return .string("") }
          return .string(slash == text.startIndex ? "/" : String(text[..<slash]))
        },
      ])
    return [
      "getpass": Namespace(
        "getpass",
        [
          "getuser": .builtin("getuser") { _ in
            guard let user else { throw StarlarkError("getuser: the user's name is not known", hint: "set USER") }
            return .string(user)
          }
        ]),
      "os": Namespace("os", ["path": .host(path), "sep": .string("/")]), "os.path": path,
      "copy": Namespace(
        "copy",
        [
          // Objects never change, so a copy is the object.
          "copy": .builtin("copy") { call in try call.bind(["value"], required: 1)[0] ?? .none },
          "deepcopy": .builtin("deepcopy") { call in try call.bind(["value"], required: 1)[0] ?? .none },
        ]),
      "textwrap": Namespace(
        "textwrap", ["dedent": .builtin("dedent") { call in .string(dedented(try texts(call).first ?? "")) }]),
      "math": Namespace(
        "math",
        [
          "ceil": .builtin("ceil") { call in try rounded(call, .up) },
          "floor": .builtin("floor") { call in try rounded(call, .down) },
        ]),
      "collections": Namespace(
        "collections",
        [
          "OrderedDict": .builtin("OrderedDict") { call in
            var entries = call.named.map { ($0.name, $0.value) }
            for value in call.positional {
              if let items = value.asItems {
                entries = items.map { ($0.key.asString ?? "", $0.value) } + entries
              } else if let pairs = value.asElements {
                entries =
                  pairs.compactMap { pair in
                    guard let parts = pair.asElements, parts.count == 2 else { return nil }
                    return (parts[0].asString ?? "", parts[1])
                  } + entries
              }
            }
            return .dict(StarlarkDict(entries))
          }
        ]),
    ]
  }

  private static func texts(_ call: Call) throws -> [String] {
    try call.rejectNamed()
    return try call.positional.map { value in
      guard let text = (value.asHost() as TypedValue?)?.representation ?? value.asString else {
        throw StarlarkError("\(call.name): takes strings, not \(value.typeName)")
      }
      return text
    }
  }

  private static func rounded(_ call: Call, _ rule: FloatingPointRoundingRule) throws -> Value {
    guard let number = try call.bind(["x"], required: 1)[0]?.asDouble, abs(number) < 1e18 else {
      throw StarlarkError("\(call.name): takes a number")
    }
    return .int(Int(number.rounded(rule)))
  }

  /// Python's `textwrap.dedent`: without the white space that all lines begin with; lines of white space become empty.
  private static func dedented(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    func indent(_ line: Substring) -> Substring { line.prefix { $0 == " " || $0 == "\t" } }
    var margin: Substring?
    for line in lines where indent(line).count < line.count {
      let own = indent(line)
      margin =
        margin.map { zip($0, own).allSatisfy(==) ? ($0.count < own.count ? $0 : own) : $0.commonPrefix(own) } ?? own
    }
    return lines.map { line in
      indent(line).count == line.count ? "" : String(line.dropFirst(margin?.count ?? 0))
    }.joined(separator: "\n")
  }
}

extension Substring {
  fileprivate func commonPrefix(_ other: Substring) -> Substring {
    prefix(zip(self, other).prefix { $0 == $1 }.count)
  }
}
