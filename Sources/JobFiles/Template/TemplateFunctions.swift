import Diagnostics
import JobModel
import Starlark
import YAML

/// Variables of the host, which stay in texts until an instance has its place.
enum LateNames {
  static func isLate(_ name: String) -> Bool { LateBinding.Variable(name) != nil }
}

/// Kilt's own functions for templates, besides Aurora's.
enum TemplateFunctions {
  static let names: [String: Value] = [
    "render": .builtin("render") { call in
      let arguments = try call.bind(["text", "values"], required: 2)
      guard let text = arguments[0]?.asString, let values = arguments[1] else {
        throw StarlarkError("render: takes a text and a dictionary of values")
      }
      return .string(try Mustache(text).text(values))
    },
    "read_text": .builtin("read_text") { call in
      guard let path = try call.bind(["path"], required: 1)[0]?.asString else {
        throw StarlarkError("read_text: takes the path of a file")
      }
      return .string(String(decoding: try evaluation(call).file(path, call).bytes, as: UTF8.self))
    },
    "shared_resources": .builtin("shared_resources", sharedResources),
    // An error about an unknown argument of a library function lists the accepted ones.
    "check_job_fields": .builtin("check_job_fields") { call in
      let arguments = try call.bind(["function", "fields", "own"], required: 3)
      let (function, own) = (arguments[0]?.asString ?? "", arguments[2]?.asString ?? "")
      let known = own.split(separator: ",").map { String($0.trimmingSpaces) } + ObjectType.job.fields.map(\.name)
      for item in arguments[1]?.asItems ?? [] {
        guard let name = item.key.asString, ObjectType.job[name] == nil else { continue }
        throw StarlarkError(
          "\(function): unknown argument \"\(name)\"",
          hint: [
            Suggestions.remedy(for: name, among: known),
            "its arguments are \(own), and the fields of Job: \(ObjectType.job.fields.map(\.name).joined(separator: ", "))",
          ].compactMap(\.self).joined(separator: "\n"))
      }
      return .none
    },
    "secret_file": .builtin("secret_file") { call in
      guard let name = try call.bind(["name"], required: 1)[0]?.asString, JobKey.isIdentifier(name) else {
        throw StarlarkError("secret_file: takes the name of a secret")
      }
      return .string("$KILT_SECRETS/" + name)
    },
  ]

  private static func evaluation(_ call: Call) throws -> TemplateEvaluation {
    guard let evaluation: TemplateEvaluation = call.context() else {
      throw StarlarkError("\(call.name): not in a template")
    }
    return evaluation
  }

  /// `shared_resources("shared.yaml")`: databases, brokers and similar services from one YAML file of the workspace.
  /// The file has the key `all` and one per stage; the stage's values override those of `all`, key by key.
  private static func sharedResources(_ call: Call) throws -> Value {
    guard let name = try call.bind(["path"], required: 1)[0]?.asString else {
      throw StarlarkError("shared_resources: takes the path of a YAML file")
    }
    let evaluation = try evaluation(call)
    let source = try evaluation.file(name, call)
    let document = try YAMLDocument(parsing: source.bytes, path: source.name)
    guard let stages = document.root.mapping else {
      throw Diagnostic(
        .input, "\"\(source.name)\" is a mapping with \"all\" and the stages, not \(document.root.kind)",
        at: document.location(of: document.root))
    }
    guard let stage = evaluation.stage else {
      throw StarlarkError("shared_resources: the stage is not known here", hint: "use it in the template of a job file")
    }
    guard stages.contains(where: { $0.key.scalar?.text == stage }) || document.root["all"] != nil else {
      throw Diagnostic(
        .input, "\"\(source.name)\" has neither \"all\" nor the stage \"\(stage)\"",
        at: document.location(of: document.root))
    }
    var fields: [(name: String, value: Value)] = []
    for node in [document.root["all"], document.root[stage]].compactMap(\.self) {
      for entry in node.mapping ?? [] {
        let name = entry.key.scalar?.text ?? ""
        fields.removeAll { $0.name == name }
        fields.append((name, profile(of: entry.value)))
      }
    }
    return .host(TemplateObject(type: .profile, fields: fields, location: call.location))
  }

  /// Mappings become profiles, so that `shared.db.host` reads in code as in `{{shared.db.host}}`.
  private static func profile(of node: YAMLNode) -> Value {
    guard let entries = node.mapping else { return TemplateEnvironment.value(of: node) }
    let fields = entries.map { (name: $0.key.scalar?.text ?? "", value: profile(of: $0.value)) }
    return .host(TemplateObject(type: .profile, fields: fields.filter { !$0.value.isNone }, location: nil))
  }
}
