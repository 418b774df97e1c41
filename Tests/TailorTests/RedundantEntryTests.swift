import Diagnostics
import TargetGraph
import Testing

@testable import Tailor

@Suite struct RedundantEntryTests {
  static let cases: [MendedFile] = [
    // The argument goes where nothing is left of it.
    MendedFile(
      before: "python_source(name=\"a\", source=\"a.py\", dependencies=[\"lib/x.py\", \"lib/y.py\"])\n",
      after: "python_source(name=\"a\", source=\"a.py\")\n"),
    MendedFile(
      before: """
        # The application.
        python_source(
            name = "a",
            dependencies = [
                "lib/x.py",
                "lib/y.py",
            ],
            source = "a.py",
        )

        """,
      after: """
        # The application.
        python_source(
            name = "a",
            source = "a.py",
        )

        """),
    // What stays keeps its form: one line, with and without a comma at the end.
    MendedFile(
      before: "python_source(source=\"a.py\", dependencies=[\"lib/x.py\", \"lib/z.py\", \"lib/y.py\"])\n",
      after: "python_source(source=\"a.py\", dependencies=[\"lib/z.py\"])\n"),
    MendedFile(
      before: "python_source(source=\"a.py\", dependencies=[\"lib/z.py\", \"lib/x.py\", \"lib/y.py\",])\n",
      after: "python_source(source=\"a.py\", dependencies=[\"lib/z.py\",])\n"),
    MendedFile(
      before: """
        python_source(
          source='a.py',
          dependencies=['lib/x.py', 'lib/z.py',
                        'lib/y.py'],  # Loaded by name.
        )

        """,
      after: """
        python_source(
          source='a.py',
          dependencies=['lib/z.py'],  # Loaded by name.
        )

        """),
    // A comment on an entry's line goes with it, one on a line of its own stays.
    MendedFile(
      before: """
        python_source(source="a.py", dependencies=[
          # Loaded by name.
          "lib/z.py",
          "lib/x.py",  # for the parser
          # The rest.
          "lib/y.py"
        ])

        """,
      after: """
        python_source(source="a.py", dependencies=[
          # Loaded by name.
          "lib/z.py",
          # The rest.
        ])

        """),
    // A list that holds comments stays.
    MendedFile(
      before: """
        python_source(
            source="a.py",
            dependencies=[
                # None by hand.
                "lib/x.py",
            ],
        )

        """,
      after: """
        python_source(
            source="a.py",
            dependencies=[
                # None by hand.
            ],
        )

        """),
    // An entry can be kept.
    MendedFile(
      before: """
        python_source(source="a.py", dependencies=[
            "lib/x.py",  # keep: other versions of Python
            "lib/y.py",
        ])

        """,
      after: """
        python_source(source="a.py", dependencies=[
            "lib/x.py",  # keep: other versions of Python
        ])

        """),
    // Entries of overrides, in both forms of a dictionary; the list stays, as it hides that of the whole.
    MendedFile(
      before: """
        python_sources(
            overrides={
                "a.py": {"tags": ["x"], "dependencies": ["lib/x.py", "lib/y.py"]},
                "b.py": dict(dependencies=["lib/z.py"]),
            },
        )

        """,
      after: """
        python_sources(
            overrides={
                "a.py": {"tags": ["x"], "dependencies": []},
                "b.py": dict(dependencies=["lib/z.py"]),
            },
        )

        """),
    // The same for every variant of a parametrized target.
    MendedFile(
      before: """
        python_source(
            source="a.py",
            dependencies=["lib/x.py", "lib/z.py"],
            interpreter_constraints=parametrize(old=[">=3.8"], new=[">=3.12"]),
        )

        """,
      after: """
        python_source(
            source="a.py",
            dependencies=["lib/z.py"],
            interpreter_constraints=parametrize(old=[">=3.8"], new=[">=3.12"]),
        )

        """),
    // Strings side by side, line ends of other systems, a text after the call.
    MendedFile(
      before: "python_source(\r\n  source='a.py',\r\n  dependencies=['lib/' 'x.py'],\r\n)\r\nX = 1\r\n",
      after: "python_source(\r\n  source='a.py',\r\n)\r\nX = 1\r\n"),
  ]

  @Test(arguments: cases.indices)
  func entriesThatInferenceFindsAreTakenOutAndNothingElse(_ index: Int) throws {
    let file = Self.cases[index]
    let fixture = try TailorFixture(MendedFile.code.merging(["app/BUILD": file.before]) { $1 })
    let before = try fixture.dependencies()
    try fixture.mend()
    #expect(try fixture.read("app/BUILD") == file.after)
    #expect(try fixture.dependencies() == before)
    #expect(try fixture.mending().changes.isEmpty)
  }

  @Test func whatAnInferredDependencyLeadsToIsRedundantAsWell() throws {
    let fixture = try TailorFixture(
      MendedFile.code.merging([
        "app/BUILD": "python_sources()\n\npex_binary(name=\"bin\", entry_point=\"a.py\", dependencies=[\"lib/x.py\"])\n"
      ]) { $1 })
    func reached() throws -> [String] {
      let resolver = try fixture.resolver()
      let binary = try #require(resolver.graph.allTargets.first { resolver.graph.name(of: $0) == "app:bin" })
      return resolver.graph.sortedByAddress(try resolver.transitiveDependencies(of: [binary])).map {
        resolver.graph.name(of: $0)
      }
    }
    let before = try reached()
    try fixture.mend()
    #expect(
      try fixture.read("app/BUILD") == "python_sources()\n\npex_binary(name=\"bin\", entry_point=\"a.py\")\n")
    #expect(try reached() == before)
  }

  /// Texts in which nothing is redundant, or nothing can be told.
  static let unchanged = [
    // One file of the target does not import it.
    "python_sources(dependencies=[\"lib/x.py\"])\n",
    // The whole directory is more than what is imported.
    "python_source(source=\"a.py\", dependencies=[\"lib\"])\n",
    // Entries that take away.
    "python_source(source=\"a.py\", dependencies=[\"!lib/x.py\"])\n",
    "target(dependencies=[\"lib/x.py\"])\n",
  ]

  @Test(arguments: unchanged)
  func entriesThatSaySomethingStay(_ text: String) throws {
    let fixture = try TailorFixture(MendedFile.code.merging(["app/BUILD": text]) { $1 })
    let mending = try fixture.mending()
    #expect(mending.changes.isEmpty)
    #expect(mending.leftAlone.isEmpty)
  }

  /// Calls that cannot be edited, with the reason.
  static let leftAlone = [
    (
      "def service(name, **kwargs):\n    python_source(name=name, source=name + \".py\", **kwargs)\n\n"
        + "service(\"a\", dependencies=[\"lib/x.py\"])\n", "it comes from a macro, a loop or a condition"
    ),
    (
      "for name in [\"a\"]:\n    python_source(name=name, source=name + \".py\", dependencies=[\"lib/x.py\"])\n",
      "it comes from a macro, a loop or a condition"
    ),
    (
      "X = [\"lib/x.py\"]\npython_source(source=\"a.py\", dependencies=X + [\"lib/y.py\"])\n",
      "its dependencies are more than a plain list"
    ),
    (
      "__defaults__({python_source: dict(dependencies=[\"lib/x.py\"])})\npython_source(source=\"a.py\")\n",
      "its dependencies come from __defaults__ or from **"
    ),
  ]

  @Test(arguments: leftAlone.indices)
  func whatIsNoPlainListIsNamedAndLeftAlone(_ index: Int) throws {
    let (text, reason) = Self.leftAlone[index]
    let fixture = try TailorFixture(MendedFile.code.merging(["app/BUILD": text]) { $1 })
    let mending = try fixture.mending()
    #expect(mending.changes.isEmpty)
    #expect(
      mending.leftAlone.map(\.summary) == [
        "cannot fix the dependencies of \"app:\(index < 2 ? "a" : "app")\": \(reason)"
      ])
  }

  @Test func anEmptyListStaysWhereDefaultsWouldTakeItsPlace() throws {
    let fixture = try TailorFixture(
      MendedFile.code.merging([
        "app/BUILD": """
        __defaults__({python_source: dict(dependencies=["lib/z.py"])})
        python_source(source="a.py", dependencies=["lib/x.py"])

        """
      ]) { $1 })
    let before = try fixture.dependencies()
    try fixture.mend()
    #expect(
      try fixture.read("app/BUILD") == """
        __defaults__({python_source: dict(dependencies=["lib/z.py"])})
        python_source(source="a.py", dependencies=[])

        """)
    #expect(try fixture.dependencies() == before)
    #expect(try fixture.mending().changes.isEmpty)
  }

  @Test func onlyNamedDirectoriesAreMended() throws {
    let text = "python_source(source=\"a.py\", dependencies=[\"lib/x.py\"])\n"
    let fixture = try TailorFixture(MendedFile.code.merging(["app/BUILD": text]) { $1 })
    #expect(try fixture.mending(["lib::"]).changes.isEmpty)
    #expect(try fixture.mending(["::", "-app:"]).changes.isEmpty)
    #expect(try fixture.mending(["app/a.py"]).changes.map(\.path) == ["app/BUILD"])
  }

  @Test func theStepsSayWhatWasDone() throws {
    let text = "python_source(source=\"a.py\", dependencies=[\"lib/x.py\"])\n"
    let fixture = try TailorFixture(MendedFile.code.merging(["app/BUILD": text]) { $1 })
    let change = try #require(try fixture.mending().changes.first)
    #expect(change.steps == [.removeDependency("lib/x.py", of: "app:app")])
    #expect(
      change.diff == """
        --- a/app/BUILD
        +++ b/app/BUILD
        @@ -1,1 +1,1 @@
        -python_source(source="a.py", dependencies=["lib/x.py"])
        +python_source(source="a.py")

        """)
  }
}
