import JSON
import Testing

@testable import PythonPackaging

/// Tags and names of wheels, compared with the `packaging` library.
@Suite struct TagOracleTests {
  @Test(arguments: [
    (3, 8, ["cp38"]), (3, 11, ["cp311"]), (3, 7, ["cp37m"]), (3, 13, ["cp313t"]), (3, 12, ["cp312d", "cp312"]),
    (3, 9, ["cp39"]), (3, 10, ["cp310"]), (3, 12, ["cp312"]), (3, 13, ["cp313"]), (3, 14, ["cp314"]),
    (3, 14, ["cp314t"]), (3, 14, ["cp314td", "cp314t"]), (3, 15, ["cp315t"]),
  ])
  func cPythonAcceptsTheTagsOfTheLibraryInItsOrder(major: Int, minor: Int, abis: [String]) throws {
    let platforms = ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "linux_x86_64"]
    let answer = try Oracle.ask(
      """
      from packaging.tags import cpython_tags, compatible_tags
      for version, abis, platforms in cases:
        tags = list(cpython_tags(version, abis, platforms))
        tags += compatible_tags(version, 'cp%d%d' % tuple(version), platforms)
        answers.append(list(dict.fromkeys(map(str, tags))))
      """, [[[.int(Int64(major)), .int(Int64(minor))], .strings(abis), .strings(platforms)]])
    let ours = TagSet(cPython: Version(release: [UInt64(major), UInt64(minor)]), abis: abis, platforms: platforms)
    #expect(ours.all.map(\.description) == answer[0].strings)
    let ranks = ours.all.compactMap { ours.rank($0) }
    #expect(ranks.count == ours.all.count)
    #expect(ranks == ranks.sorted())
    #expect(Set(ranks).count == ranks.count)
  }

  @Test(arguments: ["x86_64", "aarch64", "armv7l", "s390x", "riscv64"])
  func muslPlatformsAreThoseOfTheLibrary(machine: String) throws {
    let cases: [JSONValue] = [[1, 0], [1, 1], [1, 2], [1, 5]]
    let answers = try Oracle.ask(
      """
      import packaging._musllinux as m
      for major, minor in cases:
        m._get_musl_version = lambda program: m._MuslVersion(major, minor)
        answers.append(['linux_\(machine)'] + list(m.platform_tags(['\(machine)'])))
      """, cases)
    for (musl, answer) in zip(cases, answers) {
      let minor = Int(try #require(musl.array?[1].int))
      #expect(
        WheelPlatform(system: .musl(major: 1, minor: minor), machine: machine).tags == answer.strings)
    }
  }

  /// What a Python that is not here would say of itself, by its version.
  @Test(arguments: 8...14) func markersOfEveryPythonAreThoseOfTheLibrary(minor: Int) throws {
    let texts = [
      "python_version < '3.10'", "python_version >= '3.14'", "python_full_version >= '3.14.0'",
      "python_version in '3.8 3.9'", "python_version not in '3.13, 3.14'", "implementation_version < '3.12'",
      "platform_python_implementation == 'CPython' and python_version ~= '3.9'", "python_full_version == '3.13.*'",
      "extra == 'x' or python_version > '3.11'", "'linux' in sys_platform", "platform_machine != 'aarch64'",
      "platform_system == 'Linux' and os_name == 'posix' and implementation_name == 'cpython'",
    ]
    for version in ["3.\(minor).0", "3.\(minor).7"] {
      let target = PythonPlatform(
        cPython: try #require(Version(version)), platform: try #require(WheelPlatform(name: "linux_x86_64")))
      let values = MarkerVariable.allCases.map { ($0.rawValue, JSONValue.string(target.environment[$0])) }
      let cases = texts.map { JSONValue.array([.string($0), .object(JSONObject(values))]) }
      let answers = try Oracle.ask(
        """
        from packaging.markers import Marker
        for text, environment in cases: answers.append(Marker(text).evaluate(dict(environment, extra='')))
        """, cases)
      for (text, answer) in zip(texts, answers) {
        #expect(Marker(text)?.evaluate(in: target.environment) == answer.bool, "\(text) on \(version)")
      }
      #expect(target.environment[.pythonVersion] == "3.\(minor)")
    }
  }

  @Test(arguments: ["x86_64", "aarch64", "i686", "ppc64le"])
  func linuxPlatformsAreThoseOfTheLibrary(machine: String) throws {
    let cases: [JSONValue] = [[2, 36], [2, 28], [2, 17], [2, 12], [2, 5], [2, 4]]
    let answers = try Oracle.ask(
      """
      import packaging._manylinux as m
      m._have_compatible_abi = lambda *a: True
      for major, minor in cases:
        m._get_glibc_version = lambda: (major, minor)
        answers.append(['linux_\(machine)'] + list(m.platform_tags(['\(machine)'])))
      """, cases)
    for (glibc, answer) in zip(cases, answers) {
      let minor = Int(try #require(glibc.array?[1].int))
      let platform = WheelPlatform(system: .linux(glibcMajor: 2, glibcMinor: minor), machine: machine)
      #expect(platform.tags == answer.strings)
    }
  }

  @Test(arguments: ["x86_64", "arm64"]) func macOSPlatformsAreThoseOfTheLibrary(machine: String) throws {
    let cases: [JSONValue] = [[26, 1], [15, 2], [14, 0], [11, 0], [12, 3], [10, 15], [10, 9]]
    let answers = try Oracle.ask(
      """
      from packaging.tags import mac_platforms
      for version in cases: answers.append(list(mac_platforms(tuple(version), '\(machine)')))
      """, cases)
    for (version, answer) in zip(cases, answers) where machine == "x86_64" || version.array?[0].int != 10 {
      let numbers = try #require(version.array?.compactMap(\.int).map { Int($0) })
      let platform = WheelPlatform(system: .macOS(major: numbers[0], minor: numbers[1]), machine: machine)
      #expect(platform.tags == answer.strings)
    }
  }

  @Test func interpretersOfThisMachineHaveTheTagsThatTheLibrarySeesFromWithin() throws {
    let oracle = try Oracle.interpreter()
    let facts = try InterpreterFinder(cacheFile: nil).interpreter(at: oracle).facts
    let answer = try Oracle.ask(
      """
      from packaging.tags import sys_tags
      from packaging.markers import default_environment
      answers.append([[str(t) for t in sys_tags()], default_environment()])
      """, [.null])[0]
    #expect(facts.tags.all.map(\.description) == answer.array?[0].strings)
    for (name, value) in try #require(answer.array?[1].object).members {
      #expect(facts.environment[try #require(MarkerVariable(rawValue: name))] == value.string, "\(name)")
    }
  }

  @Test func namesOfWheelsParseAsTheLibrarySays() throws {
    var dice = Dice(seed: 8)
    let names = (0..<3000).map { _ in
      var parts = [dice.pick(["requests", "zope.interface", "Py_YAML", "a__b", "x"])]
      parts.append(dice.pick(["1.0", "2.0rc1", "1!2.0", "1.0+cu118", "bad", "1.0.post1"]))
      if dice.chance(25) { parts.append(dice.pick(["1", "2abc", "x1", "", "10_x"])) }
      parts.append(dice.pick(["py3", "py2.py3", "cp311", "cp310.cp311"]))
      parts.append(dice.pick(["none", "abi3", "cp311"]))
      parts.append(dice.pick(["any", "manylinux_2_17_x86_64.manylinux2014_x86_64", "win_amd64", "linux_x86_64"]))
      return parts.joined(separator: "-") + dice.pick([".whl", ".whl", ".whl", ".whl", ".zip"])
    }
    let answers = try Oracle.ask(
      """
      from packaging.utils import parse_wheel_filename, InvalidWheelFilename
      for text in cases:
        try:
          name, version, build, tags = parse_wheel_filename(text)
          answers.append([name, str(version), list(build), sorted(map(str, tags))])
        except InvalidWheelFilename:
          answers.append(None)
      """, names.map { .string($0) })
    for (name, answer) in zip(names, answers) {
      let ours = WheelFileName(name).map { wheel -> JSONValue in
        let build: [JSONValue] = wheel.build.map { [.int(Int64($0.number)), .string($0.rest)] } ?? []
        return [
          .string(wheel.name.text), .string(wheel.version.description), .array(build),
          .strings(Set(wheel.tags.map(\.description)).sorted()),
        ]
      }
      #expect(ours ?? .null == answer, "\(name)")
    }
  }
}
