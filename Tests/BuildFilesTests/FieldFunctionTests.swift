import BuildFiles
import Testing

/// The functions that make values of fields: what is wrong with their arguments, and where.
@Suite struct FieldFunctionTests {
  private static let digest = String(repeating: "0", count: 64)

  /// A call, what of it is underlined, what is said, and what is to be done.
  struct Case: Sendable, CustomTestStringConvertible {
    let call: String, mark: String, reason: String, remedy: String
    var testDescription: String { call }

    init(_ call: String, _ mark: String, _ reason: String, _ remedy: String = "") {
      (self.call, self.mark, self.reason, self.remedy) = (call, mark, reason, remedy)
    }
  }

  @Test(arguments: [
    Case("http_source(\"https://x.org/f\")", "http_source", "it lacks the argument \"len\"", "add len=…"),
    Case("http_source(url=3, len=1, sha256=\"\")", "url", "\"url\" takes a string, not an integer"),
    Case("http_source(\"https://x.org/f\", len=-1)", "len", "\"len\" takes a number of bytes, not an integer"),
    Case("http_source(\"https://x.org/f\", len=1, sha256=\"abc\")", "abc", "takes 64 hexadecimal digits, not \"abc\""),
    Case("http_source(\"https://x.org/f\", len=1, sha=\"\")", "sha", "no argument \"sha\"", "did you mean \"sha256\"?"),
    Case("http_source(\"https://x.org/f\", 1)", "http_source", "only \"url\" may stand without its name", "(len=…)"),
    Case(
      "http_source(url=\"https://x.org/\", len=1, sha256=\"\(digest)\")", "url", "does not end in the name of a file",
      "add filename=\"…\""),
    Case(
      "http_source(\"https://x.org/\", len=1, sha256=\"\(digest)\", filename=\"a/b\")", "filename",
      "\"a/b\" cannot be the name of a file"),
    Case("http_source(url=len, sha256=\"\")", "url", "\"url\" cannot be builtin_function_or_method"),
    Case("per_platform()", "per_platform", "it needs the file of at least one platform", "per_platform(linux_x86_64="),
    Case("per_platform(linux_x64=\"f\")", "linux_x64", "it has no argument \"linux_x64\"", "\"linux_x86_64\"?"),
    Case("per_platform(linux_x86_64=1)", "linux_x86_64", "takes a file name or http_source(…), not an integer"),
    Case("per_platform(\"f\")", "per_platform", "it takes arguments by name only", "write per_platform(linux_arm64=…)"),
  ])
  func aWrongArgumentIsPointedAt(_ wrong: Case) {
    let message = message(for: "file(name=\"f\", source=\(wrong.call))\n")
    #expect(marked(in: message) == wrong.mark, "\(message)")
    #expect(message.contains(wrong.reason), "\(message)")
    #expect(message.contains(wrong.remedy), "\(message)")
  }

  @Test func aDistributionsArgumentsAreThoseOfSetup() throws {
    func wrong(_ arguments: String) -> String {
      message(for: "python_distribution(name=\"d\", provides=python_artifact(\(arguments)))\n")
    }
    #expect(wrong("name=\"d\", version=\"1\", classifiers=[\"x\"], any=3") == "no error")
    #expect(wrong("\"d\"").contains("python_artifact: it takes arguments by name only"))
    #expect(
      wrong("name=\"d\", version=1.0") == """
        error: python_artifact: the argument "version" takes a string, not a floating-point number
          --> lib/auth/BUILD:1:66
           |
         1 | python_distribution(name="d", provides=python_artifact(name="d", version=1.0))
           |                                                                  ^^^^^^^

        """)
    #expect(message(for: "x = stevedore_namespace(3)\n").contains("the argument \"alias\" takes a string"))
  }

  @Test func theArgumentIsFoundInAMacro() throws {
    let files = ["m.star": "def get(n):\n  return http_source(\n    \"https://x.org/f\",\n    len=n, sha256=\"0\")\n"]
    let text = message(for: "load(\"//m.star\", \"get\")\nfile(name=\"f\", source=get(1))\n", files: files)
    #expect(text.contains("m.star:4:20") && marked(in: text) == "0", "\(text)")
  }
}
