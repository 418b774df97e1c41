import JSON
import Testing

@testable import PythonPackaging

/// Versions and specifiers, compared with the `packaging` library.
@Suite struct VersionOracleTests {
  /// A version in any spelling, now and then with a mistake in it.
  private static func version(_ dice: inout Dice, mistakes: Bool = true) -> String {
    var text = dice.chance(10) ? "v" : ""
    if dice.chance(15) { text += "\(dice.roll(3))!" }
    text += (0...dice.roll(4)).map { _ in dice.pick(["0", "1", "2", "10", "007", "2024"]) }.joined(separator: ".")
    if dice.chance(35) {
      text +=
        dice.pick(["", ".", "-", "_"]) + dice.pick(["a", "b", "c", "rc", "alpha", "BETA", "pre", "Preview", "RC"])
      text += dice.pick(["", ".", "-", "_"]) + dice.pick(["", "0", "1", "2", "11"])
    }
    if dice.chance(30) {
      text += dice.pick(["-1", "-0", ".post2", "post", "-r4", ".rev3", "_POST_1", ".post-", "r", ".post0"])
    }
    if dice.chance(25) { text += dice.pick([".dev0", "dev", "-dev3", "_DEV.1", ".dev-", ".dev2"]) }
    if dice.chance(20) {
      text += "+" + dice.pick(["abc", "1", "abc.1", "1.abc", "ubuntu-1", "A_b.007", "1.0.0", "10"])
    }
    if mistakes, dice.chance(10) {
      var bytes = Array(text)
      bytes.insert(dice.pick(Array("+.-_!x* 1ab")), at: dice.roll(bytes.count + 1))
      text = String(bytes)
    }
    return text
  }

  @Test func versionsParseNormalizeAndKnowWhatTheyAre() throws {
    var dice = Dice(seed: 1)
    let texts = (0..<6000).map { _ in Self.version(&dice) } + ["", " 1.0 ", "1.0\n", "v", "1..0", "1.0+", "1!", "٣"]
    let answers = try Oracle.ask(
      """
      from packaging.version import Version, InvalidVersion
      for text in cases:
        try:
          v = Version(text)
          answers.append([str(v), v.is_prerelease, v.public, v.base_version])
        except InvalidVersion:
          answers.append(None)
      """, texts.map { .string($0) })
    var valid = 0
    for (text, answer) in zip(texts, answers) {
      let ours = Version(text).map { version -> JSONValue in
        [
          .string(version.description), .bool(version.isPreRelease), .string(version.withoutLocal.description),
          .string(version.base.description),
        ]
      }
      #expect(ours ?? .null == answer, "\(text)")
      if ours != nil { valid += 1 }
    }
    #expect(valid > 4000)
  }

  @Test func versionsAreOrderedAsTheLibraryOrdersThem() throws {
    var dice = Dice(seed: 2)
    let pairs = (0..<8000).map { _ in
      let first = Self.version(&dice, mistakes: false)
      // Neighbours are where orders differ.
      return (
        first,
        dice.chance(50)
          ? first + dice.pick(["", ".0", "a1", ".post1", ".dev1", "+1", "+a"]) : Self.version(&dice, mistakes: false)
      )
    }.filter { Version($0.0) != nil && Version($0.1) != nil }
    let answers = try Oracle.ask(
      """
      from packaging.version import Version
      for a, b in cases:
        a, b = Version(a), Version(b)
        answers.append(-1 if a < b else 1 if a > b else 0)
      """, pairs.map { [.string($0.0), .string($0.1)] })
    for (pair, answer) in zip(pairs, answers) {
      let left = try #require(Version(pair.0)), right = try #require(Version(pair.1))
      #expect(Int64(Version.compare(left, right)) == answer.int, "\(pair)")
      #expect((left == right) == (answer.int == 0))
      if left == right { #expect(left.hashValue == right.hashValue, "\(pair)") }
    }
    #expect(pairs.count > 6000)
  }

  @Test func specifiersParseAndContainWhatTheLibrarySays() throws {
    var dice = Dice(seed: 3)
    let operators = ["==", "!=", "<=", ">=", "<", ">", "~=", "==="]
    var cases: [(specifier: String, version: String)] = []
    for _ in 0..<12000 {
      let version = Self.version(&dice, mistakes: false)
      guard Version(version) != nil else { continue }
      // Half of the specifiers are about the same release, so that suffixes decide.
      let base =
        dice.chance(50)
        ? Self.version(&dice)
        : (Version(version)?.base.description ?? "1")
          + dice.pick(["", ".0", "a1", ".post1", ".dev1", "+1", "rc1.post2"])
      let space = dice.chance(10) ? " " : ""
      let star = dice.chance(10) ? ".*" : ""
      let comparison = dice.pick(operators)
      // "===" compares texts; ours has versions in their normal form only.
      let candidate = comparison == "===" ? Version(version)?.description ?? version : version
      cases.append((comparison + space + base + star, candidate))
    }
    let answers = try Oracle.ask(
      """
      from packaging.specifiers import Specifier, InvalidSpecifier
      for text, version in cases:
        try:
          answers.append(Specifier(text).contains(version, prereleases=True))
        except InvalidSpecifier:
          answers.append(None)
      """, cases.map { [.string($0.specifier), .string($0.version)] })
    for (pair, answer) in zip(cases, answers) {
      let version = try #require(Version(pair.version))
      #expect(Specifier(pair.specifier)?.contains(version) == answer.bool, "\(pair)")
    }
  }

  @Test func setsOfSpecifiersKnowTheirPreReleases() throws {
    var dice = Dice(seed: 4)
    let cases = (0..<3000).map { _ in
      let specifiers = (0...dice.roll(3)).map { _ in
        dice.pick([">=", "<", "!=", "==", "~=", "<=", ">"])
          + dice.pick(["1.0", "2.0", "1.0a1", "2.0.dev1", "1.5", "1.0.post1"])
      }
      return (
        specifiers.joined(separator: ","),
        dice.pick(["1.0", "1.0a1", "1.5b2", "2.0", "2.0.dev3", "1.0.post1", "1.0.post1.dev1", "0.9"])
      )
    }
    let answers = try Oracle.ask(
      """
      from packaging.specifiers import SpecifierSet
      for text, version in cases:
        s = SpecifierSet(text)
        answers.append([s.contains(version, prereleases=True), s.contains(version, prereleases=False)])
      """, cases.map { [.string($0.0), .string($0.1)] })
    for (pair, answer) in zip(cases, answers) {
      let set = try #require(SpecifierSet(pair.0)), version = try #require(Version(pair.1))
      #expect(
        [set.contains(version, preReleases: true), set.contains(version, preReleases: false)]
          == answer.array?.map(\.bool), "\(pair)")
    }
  }
}
