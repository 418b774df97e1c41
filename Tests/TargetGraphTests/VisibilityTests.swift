import Diagnostics
import TargetGraph
import Testing

/// Visibility rules, enforced where dependencies are worked out.
@Suite struct VisibilityTests {
  private func fixture(app: String = "", lib: String = "", root: String = "") -> GraphFixture {
    GraphFixture([
      "BUILD": root,
      "app/BUILD": app + "\npython_sources(tags=[\"t\"])\n", "app/main.py": "import lib.core\n",
      "lib/BUILD": lib + "\npython_sources()\n", "lib/core.py": "from lib import more\n", "lib/more.py": "",
      "lib/__init__.py": "",
    ])
  }

  @Test func withoutRulesEverythingIsVisible() throws {
    #expect(try fixture().resolver().dependencies("app/main.py") == ["lib/core.py"])
  }

  @Test func aDeniedDependencyShowsTheRuleAndBothTargets() throws {
    let text = message {
      _ = try fixture(app: "__dependencies_rules__((\"*\", \"!lib/core.py\", \"*\"))").resolver().dependencies(
        "app/main.py")
    }
    #expect(
      text == """
        error: "app/main.py" must not depend on "lib/core.py"
          --> app/BUILD:1:31
           |
         1 | __dependencies_rules__(("*", "!lib/core.py", "*"))
           |                               ^^^^^^^^^^^^
          note: the rule "!lib/core.py" for the dependencies of "*" in app/BUILD:1 denies it
          note: "app/main.py" is a python_sources, "lib/core.py" a python_sources
          help: remove the dependency, or put a rule that allows "//lib/core.py" before this one

        """)
  }

  @Test(
    arguments: [
      // The dependents' end.
      ("", "__dependents_rules__((python_sources, \"!/../app/**\", \"*\"))", "must not"),
      ("", "__dependents_rules__((\"*\", \".\", \"app/*\", \"!*\"))", "no error"),
      // The first rule set that selects the target decides, by its first rule that matches.
      ("__dependencies_rules__((\"<resources>\", \"!*\"), (\"*\", \"*\"))", "", "no error"),
      ("__dependencies_rules__((\"(t)\", \"lib/core.py\", \"!*\"), (\"*\", \"!*\"))", "", "no error"),
      (
        "__dependencies_rules__(({\"type\": python_sources, \"tags\": [\"other\"]}, \"!*\"), (\"*\", \"*\"))", "",
        "no error"
      ),
      ("__dependencies_rules__((\"*\", \"!lib/**\", \"lib/core.py\"))", "", "must not"),
      // A set of which no rule matches denies; without a set for the target all is allowed.
      ("__dependencies_rules__((\"*\", \"other/**\"))", "", "no rule for the dependencies"),
      ("__dependencies_rules__((\"<resources>\", \"*\"))", "", "no error"),
      ("__dependencies_rules__((\"*\", {\"path\": \"//lib/**\", \"action\": \"deny\"}, \"*\"))", "", "must not"),
    ])
  func rulesDecide(app: String, lib: String, expected: String) throws {
    let text = message { _ = try fixture(app: app, lib: lib).resolver().dependencies("app/main.py") }
    #expect(text.contains(expected), "\(app) \(lib): \(text)")
  }

  @Test func rulesHoldBelowTheirDirectoryUntilOthersReplaceOrExtendThem() throws {
    let root = "__dependencies_rules__((\"*\", \"!//lib/**\", \"*\"))"
    func outcome(_ app: String) -> String {
      message { _ = try fixture(app: app, root: root).resolver().dependencies("app/main.py") }
    }
    #expect(outcome("").contains("BUILD:1"))
    #expect(outcome("__dependencies_rules__((\"*\", \"*\"))") == "no error")
    #expect(outcome("__dependencies_rules__((\"<resources>\", \"*\"), extend=True)").contains("must not"))
  }

  @Test func warnedOfDependenciesStayAndAreReportedOnce() throws {
    let resolver = try fixture(app: "__dependencies_rules__((\"*\", \"?lib/**\", \"*\"))").resolver()
    #expect(try resolver.dependencies("app/main.py") == ["lib/core.py"])
    _ = try resolver.dependencies("app/main.py")
    #expect(try resolver.warnings().map(\.summary) == ["\"app/main.py\" should not depend on \"lib/core.py\""])
  }

  @Test func everyWayToDependenciesIsChecked() throws {
    let resolver = try fixture(lib: "__dependents_rules__((\"*\", \"!app/**\", \"*\"))").resolver()
    #expect(
      message { _ = try resolver.transitiveDependencies(of: [try resolver.id("app/main.py")]) }.contains("must not"))
    let other = try fixture(lib: "__dependents_rules__((\"*\", \"!app/**\", \"*\"))").resolver()
    #expect(message { try other.resolveAll() }.contains("must not"))
  }
}
