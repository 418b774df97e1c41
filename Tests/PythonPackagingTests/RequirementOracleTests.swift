import JSON
import Testing

@testable import PythonPackaging

/// Markers, requirements and names, compared with the `packaging` library.
@Suite struct RequirementOracleTests {
  private static let values: [MarkerVariable: [String]] = [
    .pythonVersion: ["3.8", "3.9", "3.10", "3.11", "2.7", "3", "3.*", "3.8, 3.9", "x"],
    .pythonFullVersion: ["3.8.0", "3.9.18", "3.11.7", "3.13.0rc1", "3.11.*", "3.11"],
    .implementationVersion: ["3.11.7", "7.3.13"], .platformRelease: ["6.1.0", "6.1.0-amd64", "5"],
    .osName: ["posix", "nt"], .sysPlatform: ["linux", "win32", "darwin", "lin"],
    .platformSystem: ["Linux", "Windows"], .platformMachine: ["x86_64", "aarch64", "arm64"],
    .platformPythonImplementation: ["CPython", "PyPy"], .implementationName: ["cpython", "pypy"],
    .platformVersion: ["#1 SMP", ""], .extra: ["", "socks", "Fast_Path", "fast-path"],
  ]

  private static func comparison(_ dice: inout Dice) -> String {
    let variable = dice.pick(values.keys.sorted { $0.rawValue < $1.rawValue })
    let quote = dice.pick(["'", "\""])
    let text = quote + dice.pick(values[variable] ?? []) + quote
    let isVersion = variable.isVersion && dice.chance(80)
    let op =
      isVersion
      ? dice.pick(["==", "!=", "<", ">", "<=", ">=", "~=", "==="]) : dice.pick(["==", "!=", "in", "not in", "<", ">="])
    return dice.chance(15) ? "\(text) \(op) \(variable.rawValue)" : "\(variable.rawValue) \(op) \(text)"
  }

  private static func marker(_ dice: inout Dice, depth: Int = 0) -> String {
    let count = 1 + dice.roll(depth == 0 ? 4 : 2)
    return (0..<count).map { _ in
      depth < 2 && dice.chance(25) ? "(\(marker(&dice, depth: depth + 1)))" : comparison(&dice)
    }.reduce("") { $0.isEmpty ? $1 : $0 + dice.pick([" and ", " or "]) + $1 }
  }

  @Test func markersEvaluateAndPrintAsTheLibrarySays() throws {
    var dice = Dice(seed: 5)
    var cases: [(marker: String, environment: MarkerEnvironment)] = []
    for _ in 0..<6000 {
      var environment = MarkerEnvironment(values: [:])
      for (variable, texts) in Self.values.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        environment[variable] = dice.pick(texts)
      }
      environment[.pythonVersion] = dice.pick(["3.8", "3.9", "3.10", "3.11", "3.13"])
      environment[.pythonFullVersion] = dice.pick(["3.8.0", "3.9.18", "3.11.7", "3.13.0rc1", "3.12.0+"])
      environment[.implementationVersion] = environment[.pythonFullVersion].replacing("+", with: "")
      cases.append((Self.marker(&dice), environment))
    }
    let answers = try Oracle.ask(
      """
      from packaging.markers import Marker, InvalidMarker, UndefinedComparison
      for text, printed, environment in cases:
        try:
          m = Marker(text)
          same = printed is None or Marker(printed).evaluate(environment) == m.evaluate(environment)
          answers.append([m.evaluate(environment), same])
        except (InvalidMarker, UndefinedComparison):
          answers.append(None)
      """,
      cases.map { item in
        let environment = item.environment.values.map { ($0.key.rawValue, JSONValue.string($0.value)) }
        return [
          .string(item.marker), Marker(item.marker).map { .string($0.description) } ?? .null,
          .object(JSONObject(environment)),
        ]
      })
    var compared = 0
    for (item, answer) in zip(cases, answers) {
      guard let marker = Marker(item.marker) else {
        // We refuse when reading what the library refuses when evaluating, also where it would not come to it.
        #expect(item.marker.contains("~=") || item.marker.contains("===") || answer.isNull, "\(item.marker)")
        continue
      }
      // The library ends with an error where "~=" meets a value that is no version of two parts; we say false.
      if answer.isNull, item.marker.contains("~=") { continue }
      let shown = item.environment.values.map { "\($0.key.rawValue)=\($0.value)" }.sorted()
      #expect(answer.array?.map(\.bool) == [marker.evaluate(in: item.environment), true], "\(item.marker) \(shown)")
      #expect(Marker(marker.description) == marker)
      compared += 1
    }
    #expect(compared > 3000)
  }

  @Test(arguments: [
    "", "python_version", "python_version >", "python_version > 3", "'a' == 'b'", "os_name == sys_platform",
    "(os_name == 'a'", "os_name == 'a')", "os_name = 'a'", "os_name == 'a' and", "bogus == 'a'",
    "os_name == 'a' xor os_name == 'b'",
    "os_name notin 'a'", "os_name == 'a", "extras == 'a'", "sys_platform ~= 'linux'", "python_version ~= 'x'",
  ])
  func aTextThatIsNoMarkerIsRefused(text: String) { #expect(Marker(text) == nil) }

  @Test func requirementsParseAsTheLibrarySays() throws {
    var dice = Dice(seed: 6)
    let names = ["requests", "Flask_SQLAlchemy", "zope.interface", "a", "A-b_c.d", "x2", "_bad", "bad-", "-x"]
    var texts = (0..<4000).map { _ in
      var text = dice.pick(names) + dice.pick(["", " "])
      if dice.chance(30) { text += "[" + dice.pick(["socks", "a,b", " A_b , c ", "", "a b", "a,"]) + "]" }
      if dice.chance(10) {
        text += dice.pick(["@ https://example.com/x.whl", "@file:///x/y.tar.gz", " @ git+https://h/r@main#egg=x"])
      } else if dice.chance(70) {
        let specifiers = (0...dice.roll(3)).map { _ in
          dice.pick(["==", ">=", "<", "~=", "!=", "===", "="]) + dice.pick(["", " "])
            + dice.pick(["1.0", "2.*", "3.4.5", "1.0+x", "x", "1"])
        }.joined(separator: dice.pick([",", ", ", " ,"]))
        text += dice.chance(15) ? "(\(specifiers))" : specifiers
      }
      if dice.chance(35) { text += dice.pick([";", " ; ", " ;"]) + Self.marker(&dice, depth: 1) }
      return text
    }
    texts += ["", " ", "requests;", "requests >=", "a b", "a[", "a(>=1", "a>=1)", "a @", "a>=1,", "a,>=1", "a>=1 <2"]
    let answers = try Oracle.ask(
      """
      from packaging.requirements import Requirement, InvalidRequirement
      from packaging.utils import canonicalize_name
      for text in cases:
        try:
          r = Requirement(text)
          answers.append([canonicalize_name(r.name), sorted({canonicalize_name(e) for e in r.extras}),
            sorted({str(s) for s in r.specifier}), r.url])
        except InvalidRequirement:
          answers.append(None)
      """, texts.map { .string($0) })
    var valid = 0
    for (text, answer) in zip(texts, answers) {
      let ours = try? Requirement(text)
      // A marker that the library would refuse to evaluate, we do not read.
      if ours == nil, text.contains(";"), text.contains("~=") || text.contains("===") { continue }
      // The library takes a comma after "===" for a part of the version; to us it ends it.
      if answer.isNull, text.contains("==="), text.contains(",") { continue }
      // Names that end in a separator are none, and markers of them are of no use.
      if ours == nil, text.hasPrefix("bad-") { continue }
      let json = ours.map { requirement -> JSONValue in
        [
          .string(requirement.name.text), .strings(requirement.extras),
          .strings(Set(requirement.specifiers.specifiers.map(\.description)).sorted()),
          requirement.url.map { .string($0) } ?? .null,
        ]
      }
      #expect(json ?? .null == answer, "\(text)")
      if let ours {
        valid += 1
        #expect(try Requirement(ours.description).description == ours.description, "\(text)")
      }
    }
    #expect(valid > 1000)
  }

  @Test func namesNormalizeAsTheLibrarySays() throws {
    var dice = Dice(seed: 7)
    let names = (0..<2000).map { _ in
      String((0...dice.roll(8)).map { _ in dice.pick(Array("aZ09-_.b")) })
    }
    let answers = try Oracle.ask(
      """
      from packaging.utils import canonicalize_name, InvalidName
      for text in cases:
        try:
          answers.append([canonicalize_name(text), True, canonicalize_name(text, validate=True) is not None])
        except InvalidName:
          answers.append([canonicalize_name(text), False])
      """, names.map { .string($0) })
    for (name, answer) in zip(names, answers) {
      #expect(PackageName.normalize(name) == answer.array?[0].string)
      #expect((PackageName(name) != nil) == answer.array?[1].bool, "\(name)")
    }
  }
}
