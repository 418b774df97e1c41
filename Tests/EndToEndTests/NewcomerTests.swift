import SystemSupport
import Testing

/// The commands of docs/bring-your-repository.md on a repository that has never seen Kilt.
@Suite struct NewcomerTests {
  struct Repository: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var files: [String: String]
    /// The bundle that must start, its arguments, and a text that it prints.
    var program: String
    var arguments: [String] = []
    var prints: String
  }

  private static let application = """
    import attr

    def version():
        return "attrs " + attr.__version__

    if __name__ == "__main__":
        print(version())
    """
  private static let applicationTest = """
    from shop.app import version

    def test_version():
        assert version().startswith("attrs ")
    """

  static let repositories: [Repository] = [
    Repository(
      testDescription: "a pyproject.toml and a src layout",
      files: [
        "pyproject.toml": """
        [project]
        name = "shop"
        version = "0.1.0"
        requires-python = ">=3.8"
        dependencies = ["attrs>=23"]
        """,
        "src/shop/__init__.py": "", "src/shop/app.py": application, "tests/test_app.py": applicationTest,
      ],
      program: "shop_app", prints: "attrs "),
    Repository(
      testDescription: "Poetry",
      files: [
        "pyproject.toml": """
        [tool.poetry]
        name = "shop"
        version = "0.1.0"
        [tool.poetry.dependencies]
        python = "^3.8"
        attrs = ">=23"
        """,
        "shop/__init__.py": "", "shop/app.py": application, "tests/test_app.py": applicationTest,
      ],
      program: "shop_app", prints: "attrs "),
    Repository(
      testDescription: "Django",
      files: [
        "requirements.txt": "django>=4.2,<5\npytest-django\n",
        "manage.py": """
        import os
        import sys

        from django.core.management import execute_from_command_line

        if __name__ == "__main__":
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
            execute_from_command_line(sys.argv)
        """,
        "shop/__init__.py": "",
        "shop/settings.py": "SECRET_KEY = 'x'\nROOT_URLCONF = 'shop.urls'\nUSE_TZ = True\n",
        "shop/urls.py": "urlpatterns = []\n",
        "conftest.py": "import os\n\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\n",
        "shop/tests.py": """
        from django.test import SimpleTestCase


        class PageTest(SimpleTestCase):
            def test_missing_page(self):
                self.assertEqual(self.client.get("/nothing").status_code, 404)
        """,
      ],
      program: "manage", arguments: ["check"], prints: "no issues"),
  ]

  @Test("init, tailor, lock, test and package turn a repository into a running bundle", arguments: repositories)
  func fiveCommands(repository: Repository) throws {
    let example = try Example()
    let root = try example.makeWorkspace(repository.files)
    for arguments in [["init"], ["tailor", "::"], ["lock"], ["test", "::"], ["package", "::"]] {
      let outcome = try example.kilt(arguments, in: root)
      #expect(
        outcome.termination.isSuccess, "kilt \(arguments.joined(separator: " ")):\n\(outcome.text)\(outcome.errorText)")
      #expect(!outcome.errorText.contains("warning:"), "\(outcome.errorText)")
    }
    let bundles = try FileSystem.list(root.appending("dist")).map(\.name).filter { $0.hasPrefix(repository.program) }
    let bundle = try #require(bundles.first, "no bundle \(repository.program) in dist")
    #expect(bundles.count == 1)
    let output = try example.execute(
      root.appending("dist").appending(bundle).string, repository.arguments, in: example.scratch)
    #expect(output.contains(repository.prints))
  }
}
