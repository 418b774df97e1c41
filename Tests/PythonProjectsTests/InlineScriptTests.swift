import Diagnostics
import PythonProjects
import Testing

@Suite struct InlineScriptTests {
  private func script(_ lines: String...) throws -> InlineScript? {
    try InlineScript(in: Array(lines.joined(separator: "\n").utf8), path: "s.py")
  }

  @Test("A block of script metadata contains dependencies and the required Python") func block() throws {
    let found = try script(
      "#!/usr/bin/env python", "# /// script", "# requires-python = \">=3.9\"", "# dependencies = [", "#   \"attrs\",",
      "# ]", "# ///", "import attr")
    #expect(found?.dependencies == ["attrs"])
    #expect(found?.requiresPython == ">=3.9")
  }

  @Test("A file without a whole block has no metadata") func none() throws {
    #expect(try script("import os") == nil)
    #expect(try script("# /// script", "# dependencies = []", "import os") == nil)
    #expect(try script("# /// pyproject", "# a = 1", "# ///") == nil)
  }

  @Test("Broken metadata and two blocks are errors with their lines") func errors() {
    let broken = #expect(throws: Diagnostic.self) { try script("x = 1", "# /// script", "# dependencies = [", "# ///") }
    #expect(broken?.location?.line == 3 || broken?.location?.line == 4)
    #expect(throws: Diagnostic.self) { try script("# /// script", "# ///", "x", "# /// script", "# ///") }
  }
}
