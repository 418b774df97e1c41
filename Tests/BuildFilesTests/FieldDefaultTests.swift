import BuildFiles
import Testing

/// `<type>.<field>.default` in BUILD files, and the defaults of types that Kilt does not build.
@Suite struct FieldDefaultTests {
  private func tags(_ packages: BuildDirectory...) throws -> [String: [String]] {
    let (resolved, errors) = BuildDirectory.resolve(packages)
    if let first = errors.first { throw first }
    return Dictionary(
      resolved.flatMap(\.targets).map { ($0.name, $0.strings(of: "tags")) }, uniquingKeysWith: { $1 })
  }

  @Test func whatDirectoriesAboveGiveIsRead() throws {
    let top = try evaluate("__defaults__({files: dict(tags=[\"top\"])})\n", in: "")
    let below = try evaluate(
      """
      __defaults__({files: dict(tags=[*files.tags.default, "below"])})
      files(name="a", sources=["x"])
      files(name="b", sources=["x"], tags=files.tags.default + ["own"])
      target(name="c", tags=[f"{type(files.tags.default)}"])
      """, in: "x")
    let unevaluated = below.targets
    #expect(unevaluated.isEmpty)
    #expect(try tags(top, below) == ["a": ["top", "below"], "b": ["top", "below", "own"], "c": ["list"]])
    let alone = try evaluate(
      "target(name=\"d\", tags=[type(python_tests.sources.default), str(files.tags.default)])\n", in: "y")
    #expect(try tags(alone) == ["d": ["tuple", "None"]])
  }

  @Test func theValueIsThatOfTheMoment() throws {
    let package = try evaluate(
      """
      target(name="before", tags=[str(python_tests.timeout.default)])
      __defaults__({python_tests: dict(timeout=60)})
      target(name="after", tags=[str(python_tests.timeout.default)])
      __defaults__({python_tests: {}})
      target(name="reset", tags=[str(python_tests.timeout.default)])
      __defaults__({python_tests: dict(skip_tests=True)})
      __defaults__({python_tests: dict(timeout=7)}, extend=True)
      target(name="more", tags=[str(python_tests.skip_tests.default), str(python_tests.timeout.default)])
      """)
    #expect(
      try tags(package) == ["before": ["None"], "after": ["60"], "reset": ["None"], "more": ["True", "7"]])
  }

  @Test func valuesOfAllKindsComeBack() throws {
    let top = try evaluate(
      """
      __defaults__({
        pex_binary: dict(env={"A": "1"}, layout="packed", include_tools=True),
        python_tests: dict(timeout=parametrize(1, 2)),
        resource: dict(source=per_platform(linux_x86_64="a", macos_arm64="b")),
      })
      """, in: "")
    let below = try evaluate(
      """
      pex_binary(name="b", env={**pex_binary.env.default, "B": pex_binary.layout.default})
      python_tests(name="t", timeout=python_tests.timeout.default)
      resource(name="r", source=resource.source.default)
      """, in: "x")
    let (packages, errors) = BuildDirectory.resolve([top, below])
    #expect(errors.isEmpty)
    let targets = packages.flatMap(\.targets)
    #expect(targets.first { $0.name == "b" }?.value(of: "env").source == "{\"A\": \"1\", \"B\": \"packed\"}")
    #expect(targets.filter { $0.name == "t" }.map { $0.value(of: "timeout") } == [.int(1), .int(2)])
    #expect(
      targets.first { $0.name == "r" }?.value(of: "source").source
        == "per_platform(linux_x86_64=\"a\", macos_arm64=\"b\")")
  }

  @Test func macrosReadItWhenABUILDFileCallsThem() throws {
    let prelude = "def service(name):\n  target(name=name, tags=list(target.tags.default) + [\"service\"])\n"
    let top = try evaluate("__defaults__({target: dict(tags=[\"a\"])})\n", in: "", prelude: prelude)
    let below = try evaluate("service(name=\"s\")\n", in: "x", prelude: prelude)
    #expect(try tags(top, below) == ["s": ["a", "service"]])
    #expect(throws: BuildFileError.self) { try evaluate("", prelude: "T = target.tags.default\n") }
    #expect(
      message(for: "load(\"//m.star\", \"T\")\n", files: ["m.star": "T = target.tags.default\n"])
        .contains("target.tags.default depends on the directory, so it can be read in BUILD files only"))
  }

  @Test func whatIsMisspeltIsSuggested() {
    #expect(
      message(for: "files(name=\"f\", sources=[], tags=files.tgas.default)\n") == """
        error: target type has no .tgas field or method
          --> lib/auth/BUILD:1:40
           |
         1 | files(name="f", sources=[], tags=files.tgas.default)
           |                                        ^
          help: did you mean tags?

        """)
    #expect(message(for: "x = files.tags.defalt\n").contains("did you mean default?"))
  }

  @Test func defaultsHoldForTypesThatKiltDoesNotBuild() throws {
    let top = try evaluate(
      """
      __defaults__({docker_image: dict(image_tags=["1"]), (go_package, "helm_chart"): dict(tags=["foreign"], lint=True)},
                   all=dict(description="d", tags=["all"], timeout=3))
      """, in: "")
    let below = try evaluate(
      """
      docker_image(name="i")
      go_package(name="g")
      helm_chart(name="h", tags=["own"])
      go_mod(name="m")
      python_tests(name="t")
      __defaults__({go_mod: {}})
      go_mod(name="n")
      __defaults__(all=dict(tags=["again"]))
      go_package(name="o")
      """, in: "x")
    let (packages, errors) = BuildDirectory.resolve([top, below])
    #expect(errors.isEmpty)
    let found = packages.flatMap(\.targets).map { target in
      "\(target.name) \(target.fields.map { "\($0.name)=\($0.value.source)" }.sorted().joined(separator: " "))"
    }
    #expect(
      found == [
        "i description=\"d\" image_tags=[\"1\"] tags=[\"all\"]",
        "g description=\"d\" lint=True tags=[\"foreign\"]",
        "h description=\"d\" lint=True tags=[\"own\"]",
        "m description=\"d\" tags=[\"all\"]",
        "t description=\"d\" tags=[\"all\"] timeout=3",
        "n ",
        "o tags=[\"again\"]",
      ])
  }

  @Test func aDefaultOfNoTypeIsPointedAt() {
    #expect(
      message(for: "__defaults__({\"pyton_tests\": dict(timeout=1)})\n") == """
        error: __defaults__: "pyton_tests" is not a target type
          --> lib/auth/BUILD:1:16
           |
         1 | __defaults__({"pyton_tests": dict(timeout=1)})
           |                ^^^^^^^^^^^
          help: did you mean "python_tests" or "python_test"?

        """)
    #expect(message(for: "__defaults__({python_tests: 1})\n").contains("not {\"python_tests\": 1}"))
    #expect(message(for: "__defaults__(1)\n").contains("dictionaries of fields, not 1"))
    #expect(message(for: "__defaults__({}, extends=True)\n").contains("did you mean \"extend\"?"))
    #expect(message(for: "__defaults__(all=[])\n").contains("\"all\" takes a dictionary of fields"))
    #expect(message(for: "__defaults__({\"x_y\": {}}, ignore_unknown_targets=True)\n") == "no error")
    #expect(message(for: "__defaults__({python_tests: {\"x\": 1}})\n").contains("has the field \"x\""))
    #expect(message(for: "__defaults__({python_tests: {\"x\": 1}}, ignore_unknown_fields=True)\n") == "no error")
  }
}
