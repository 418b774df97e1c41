import Diagnostics
import SystemSupport
import TargetGraph
import Testing

@testable import Tailor

@Suite struct AmbiguityTests {
  /// `util` is provided by two targets of `one`, and by one of `far/two`, which is another source root.
  static let code = [
    "app/a.py": "import util\n", "app/b.py": "",
    "one/util.py": "", "one/BUILD": "python_sources(name=\"lib\")\n",
    "far/two/util.py": "", "far/two/BUILD": "python_sources()\n",
  ]
  static let configuration = "[workspace]\nsource_roots = [\"/app\", \"/one\", \"/far/two\"]\n"

  static let cases: [MendedFile] = [
    // The others are taken away, in the form that the call has.
    MendedFile(
      before: "python_source(source=\"a.py\")\n",
      after: "python_source(source=\"a.py\", dependencies=[\"!one/util.py:lib\"])\n"),
    MendedFile(
      before: "python_source(\n    source=\"a.py\",  # one\n)\n",
      after: "python_source(\n    source=\"a.py\",  # one\n    dependencies=[\"!one/util.py:lib\"],\n)\n"),
    MendedFile(before: "python_sources()\n", after: "python_sources(dependencies=[\"!one/util.py:lib\"])\n"),
    MendedFile(
      before: "python_sources(\n  dependencies=[\n    # nothing\n  ],\n)\n",
      after: "python_sources(\n  dependencies=[\n    # nothing\n      \"!one/util.py:lib\",\n  ],\n)\n"),
    MendedFile(
      before: "python_sources(dependencies=[\"!app/b.py\",])\n",
      after: "python_sources(dependencies=[\"!app/b.py\", \"!one/util.py:lib\",])\n"),
    // Where a file has dependencies of its own, they are what counts.
    MendedFile(
      before: "python_sources(overrides={\"a.py\": dict(dependencies=[])})\n",
      after: "python_sources(overrides={\"a.py\": dict(dependencies=[\"!one/util.py:lib\"])})\n"),
  ]

  @Test(arguments: cases.indices)
  func theLineThatSettlesAModuleIsAdded(_ index: Int) throws {
    let file = Self.cases[index]
    let fixture = try TailorFixture(
      Self.code.merging(["app/BUILD": file.before]) { $1 }, configuration: Self.configuration)
    let before = try fixture.dependencies()
    try fixture.mend()
    #expect(try fixture.read("app/BUILD") == file.after)
    let after = try fixture.dependencies()
    let importer = index < 2 ? "app:app" : "app/a.py"
    #expect(after[importer] == ["far/two/util.py"])
    #expect(after.filter { $0.key != importer } == before.filter { $0.key != importer })
    #expect(try fixture.mending().changes.isEmpty)
    let resolver = try fixture.resolver()
    try resolver.resolveAll()
    #expect(try resolver.warnings().isEmpty)
  }

  @Test func aCommaIsAddedBehindTheLastEntry() throws {
    let fixture = try TailorFixture(
      Self.code.merging([
        "app/BUILD": """
        python_sources(name="rest", sources=["b.py"])
        python_source(
            name="a",
            source="a.py",
            dependencies=[
                ":rest"  # by name
            ],
        )

        """
      ]) { $1 }, configuration: Self.configuration)
    try fixture.mend()
    #expect(
      try fixture.read("app/BUILD") == """
        python_sources(name="rest", sources=["b.py"])
        python_source(
            name="a",
            source="a.py",
            dependencies=[
                ":rest",  # by name
                "!one/util.py:lib",
            ],
        )

        """)
    #expect(try fixture.mending().changes.isEmpty)
  }

  @Test func theNearestProviderIsTaken() throws {
    let configuration = "[workspace]\nsource_roots = [\"src\"]\n"
    let fixture = try TailorFixture(
      [
        "a/src/util.py": "", "a/src/BUILD": "python_sources()\n", "b/src/util.py": "",
        "b/src/main.py": "import util\n", "b/src/BUILD": "python_sources(name=\"b\")\n",
      ], configuration: configuration)
    let mending = try fixture.mend()
    #expect(try fixture.read("b/src/BUILD") == "python_sources(name=\"b\", dependencies=[\"!a/src/util.py\"])\n")
    #expect(
      mending.changes.first?.steps == [
        .settle(entry: "!a/src/util.py", of: "b/src:b", need: "util", taken: "b/src/util.py:b")
      ])
  }

  @Test func whatAVisibilityRuleForbidsIsNotWritten() throws {
    let fixture = try TailorFixture(
      Self.code.merging([
        "app/BUILD": "python_source(source=\"a.py\")\n",
        "far/two/BUILD": "__dependents_rules__((\"*\", \"!*\"))\npython_sources()\n",
      ]) { $1 }, configuration: Self.configuration)
    let mending = try fixture.mending()
    #expect(mending.changes.isEmpty)
    #expect(
      mending.leftAlone.map(\.summary) == [
        "cannot fix the dependencies of \"app:app\": changes to the file lead to other dependencies than they should"
      ])
  }

  @Test("An ambiguity that no exclusion settles stays, with a remark")
  func unsettled() throws {
    let fixture = try TailorFixture(
      [
        "app/a.py": "import one, two, three\n", "app/BUILD": "python_sources()\n",
        "r/BUILD": """
        python_requirement(name="a", requirements=["a"], modules=["one", "three"])
        python_requirement(name="b", requirements=["b"], modules=["one", "two"])
        python_requirement(name="c", requirements=["c"], modules=["two", "three"])

        """,
      ])
    let mending = try fixture.mend()
    #expect(try fixture.read("app/BUILD") == "python_sources(dependencies=[\"!r:b\"])\n")
    #expect(try fixture.dependencies()["app/a.py"] == ["r:a", "r:c"])
    #expect(mending.leftAlone.flatMap(\.notes) == ["\"!r:c\" would settle where \"three\" comes from"])
  }
}
