import BuildFiles
import Testing

/// What every target type says of a field that is wrong: the text, and the place.
@Suite struct FieldValidationTests {
  /// A BUILD file, what of it is underlined, and what is said.
  struct Case: Sendable, CustomTestStringConvertible {
    let text: String, mark: String, parts: [String]
    var testDescription: String { text }

    init(_ text: String, _ mark: String, _ parts: String...) {
      (self.text, self.mark, self.parts) = (text, mark, parts)
    }
  }

  /// A call of each type with all that it needs.
  private static let whole: [TargetType: String] = [
    .pythonSource: "source=\"a.py\"", .pythonTest: "source=\"a.py\"", .pythonRequirement: "requirements=[\"six\"]",
    .pexBinary: "entry_point=\"a.py\"", .pexBinaries: "entry_points=[\"a.py\"]",
    .pythonDistribution: "provides=python_artifact(name=\"d\", version=\"1\")", .resource: "source=\"a\"",
    .file: "source=\"a\"", .resources: "sources=[\"a\"]", .files: "sources=[\"a\"]",
    .relocatedFiles: "files_targets=[\":f\"], src=\"a\", dest=\"b\"", .archive: "format=\"zip\"",
    .shellSource: "source=\"a.sh\"", .shunit2Test: "source=\"a.sh\"", .shellCommand: "command=\"x\"",
    .runShellCommand: "command=\"x\"", .adhocTool: "runnable=\":x\"", .systemBinary: "binary_name=\"x\"",
    .wrapAsFiles: "inputs=[\":x\"]", .wrapAsPythonSources: "inputs=[\":x\"]", .wrapAsResources: "inputs=[\":x\"]",
  ]

  private static func call(_ type: TargetType, _ more: String = "") -> String {
    "\(type.rawValue)(name=\"t\", \(whole[type] ?? "")\(whole[type] == nil ? "" : ", ")\(more))\n"
  }

  private static let types = TargetType.allCases.filter(\.isPublic)

  @Test(arguments: types)
  func aFieldThatATypeDoesNotHaveIsPointedAt(_ type: TargetType) {
    #expect(message(for: Self.call(type)) == "no error")
    let unknown = message(for: Self.call(type, "descripton=\"x\""))
    #expect(unknown.contains("has the field \"descripton\", which \(type.rawValue) does not have"), "\(unknown)")
    #expect(unknown.contains("did you mean \"description\"?"))
    #expect(marked(in: unknown) == "descripton")
  }

  @Test(arguments: types)
  func whatATypeNeedsMustBeThere(_ type: TargetType) {
    for field in type.fields where field.isRequired {
      let name = field.name
      // Without the argument: it is renamed to one that all types have.
      let fields = Self.call(type).split(separator: "\(name)=", maxSplits: 1).map(String.init)
      guard fields.count == 2, name != "source" || type != .dockerImage else { continue }
      let rest = fields[1].drop { !",)\n".contains($0) || fields[1].hasPrefix("python_artifact(") && $0 != ")" }
      let given = fields[1].hasPrefix("python_artifact(") ? rest.dropFirst() : rest
      let without = message(for: fields[0] + "tags=[]" + given)
      #expect(without.contains("lacks the field \"\(name)\", which \(type.rawValue) needs"), "\(without)")
      #expect(marked(in: without) == type.rawValue)
      let none = message(for: fields[0] + "\(name)=None" + given)
      #expect(none.contains("the field \"\(name)\" of the target \"lib/auth:t\" must be a value, not None"), "\(none)")
      #expect(marked(in: none) == name)
    }
  }

  /// A value that no field of a kind takes, and what is said the field takes.
  private static func wrong(_ kind: FieldDefinition.Kind) -> (value: String, expected: String)? {
    switch kind {
    case .bool: ("1", "True or False, not 1")
    case .int: ("\"1\"", "an integer, not \"1\"")
    case .positive: ("0", "an integer above zero, not 0")
    case .string: ("[\"a\"]", "a string, not a list")
    case .choice(let choices): ("\"\(choices[0])x\"", "one of \"\(choices[0])\"")
    case .choices(let choices): ("[\"\(choices[0])x\"]", "a list of some of \"\(choices[0])\"")
    case .strings, .dependencies: ("[\"a\", 1]", "a list of strings, but holds 1")
    case .requirements: ("[\"no requirement\"]", "a list of requirements such as")
    case .interpreterConstraints: ("[\"3.9\"]", "a list of constraints such as \"CPython>=3.9,<4\", but holds \"3.9\"")
    case .stringOrStrings: ("1", "a string or a list of strings, not 1")
    case .stringMap: ("{\"a\": 1}", "a dictionary of strings, but holds 1")
    case .stringListMap: ("{\"a\": 1}", "a dictionary from strings to lists of strings, but holds 1")
    case .stringMapMap: ("{\"a\": {\"b\": 1}}", "a dictionary from strings to dictionaries of strings, but holds")
    case .overrides: ("{\"a\": 1}", "a dictionary from file names to dictionaries of fields, but holds 1")
    case .source: ("\"../a\"", "the name of one file below the directory, not \"../a\"")
    case .sources: ("[\"/a\"]", "a list of globs below the directory, but holds \"/a\"")
    case .object(let names): ("\"a\"", "\(names[0])(…)")
    case .any: nil
    }
  }

  @Test(arguments: types)
  func aWrongValueIsPointedAt(_ type: TargetType) {
    for field in type.fields {
      guard let (value, expected) = Self.wrong(field.kind) else { continue }
      if Self.whole[type]?.contains("\(field.name)=") ?? false { continue }
      let text = message(for: Self.call(type, "\(field.name)=\(value)"))
      #expect(text.contains("the field \"\(field.name)\" of the target \"lib/auth:t\" must be \(expected)"), "\(text)")
      // The wrong string where it is one, or the field's name.
      let marks = value.split(separator: "\"").map(String.init) + [field.name]
      #expect(marks.contains(marked(in: text) ?? ""), "\(text)")
    }
  }

  @Test(arguments: [
    Case("python_source(source=\"*.py\")\n", "*.py", "the name of one file below the directory, not \"*.py\""),
    Case("files(sources=[\"a\", \"!../b\"])\n", "!../b", "but holds \"!../b\""),
    Case("python_requirement(requirements=[\"six=1\"])\n", "six=1", "but holds \"six=1\""),
    Case("pex_binary(layout=\"packd\")\n", "packd", "did you mean \"packed\"?"),
    Case("pex_binary(scie_platform=[\"linux-x86\"])\n", "linux-x86", "did you mean \"linux-x86_64\"?"),
    Case(
      "pex_binary(entry_point=\"a.py\", script=\"s\")\n", "script",
      "gives \"entry_point\" and \"script\"; a pex_binary accepts only one of them", "leave all but one of them out"),
    Case(
      "python_requirement(requirements=[\"six\"], modules=[\"a\"], type_stub_modules=[\"b\"])\n", "type_stub_modules",
      "gives \"modules\" and \"type_stub_modules\"; a python_requirement accepts only one of them"),
    Case("python_distribution(provides=http_source(\"x/y/z\", len=1, sha256=\"\"))\n", "", "sha256"),
    Case(
      "python_distribution(provides=per_platform(linux_x86_64=\"x\"))\n", "provides",
      "must be python_artifact(…) or setup_py(…), not a value of per_platform()"),
    Case(
      "python_sources(overrides={\"a.py\": {\"tags\": [\"x\"]}, \"b.py\": dict(tags=\"oops\")})\n", "oops",
      "must be a list of strings, not \"oops\""),
    Case("python_sources(overrides={\"a.py\": {\"tgas\": []}})\n", "tgas", "python_source does not have", "\"tags\"?"),
    Case("python_sources(overrides={\"a.py\": dict(tgas=[])})\n", "tgas", "python_source does not have", "\"tags\"?"),
    Case(
      "__defaults__({python_sources: {\"tags\": [\"a\"]}, python_tests: dict(tags=[], timeout=-1)})\n", "timeout",
      "the field \"timeout\" of the target \"__defaults__\" must be an integer above zero, not -1"),
    Case("__defaults__({python_tests: dict(timout=1)})\n", "timout", "did you mean \"timeout\"?"),
    Case("files(\"a\")\n", "files", "files: it takes fields by name only", "write files(name="),
    Case("files(name=3, sources=[])\n", "name", "a target's name is a string, not an integer"),
    Case("files(sources=[], tags=len)\n", "tags", "the field \"tags\" cannot be a function"),
  ])
  func whatIsWrongIsSaid(_ wrong: Case) {
    let text = message(for: wrong.text)
    if !wrong.mark.isEmpty { #expect(marked(in: text) == wrong.mark, "\(text)") }
    for part in wrong.parts { #expect(text.contains(part), "\(text)") }
  }
}
