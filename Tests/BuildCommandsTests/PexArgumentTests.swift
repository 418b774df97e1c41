import Testing

@testable import BuildCommands

@Suite struct PexArgumentTests {
  private func failure(_ arguments: [String]) -> PexArguments.Failure? {
    do throws(PexArguments.Failure) {
      _ = try PexArguments(arguments)
      return nil
    } catch {
      return error
    }
  }

  @Test func optionsAreReadInEachOfTheirForms() throws {
    let options = try PexArguments(
      [
        "--layout=packed", "--layout", "loose", "-j4", "-j", "8", "-vvv", "--venv", "--venv=prepend",
        "--no-strip-pex-env",
      ]
    ).options
    #expect(
      options.map(\.name) == [
        "--layout", "--layout", "-j", "-j", "-v", "--venv", "--venv", "--no-strip-pex-env",
      ])
    #expect(options.map(\.value) == ["packed", "loose", "4", "8", "vv", nil, "prepend", nil])
    #expect(options[7].kind == .sets(.stripsPexEnvironment(false)))
    #expect(options[2].kind == .nothing)
    #expect(try PexArguments([]).options.isEmpty)
  }

  @Test func whatCanNotBeReadIsNamed() {
    #expect(failure(["--layuot=packed"]) == .unknown("--layuot"))
    #expect(failure(["--layout"]) == .lacksValue("--layout"))
    #expect(failure(["--layout=zip"]) == .wrongValue("--layout", "zip", choices: ["zipapp", "packed", "loose"]))
    #expect(failure(["--no-compress=1"]) == .unexpectedValue("--no-compress"))
    #expect(failure(["requests"]) == .requirement("requests"))
    // As one text it is no option for pex either.
    #expect(failure(["--layout packed"]) == .unknown("--layout packed"))
    #expect(failure(["-o", "x.pex"]) == .refused("-o", remedy: "use the field \"output_path\""))
  }

  @Test(
    arguments: [
      ("", []), ("a b", ["a", "b"]), ("'a b' c", ["a b", "c"]), ("\"a 'b'\"", ["a 'b'"]), ("a\\ b", ["a b"]),
      ("x=''", ["x="]), ("''", [""]), ("'a", nil), ("a\\", nil),
    ] as [(String, [String]?)])
  func wordsAreThoseOfAShell(text: String, words: [String]?) {
    #expect(BundleFields.words(of: text) == words)
  }
}
