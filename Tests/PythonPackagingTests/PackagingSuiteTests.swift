import JSON
import Testing

@testable import PythonPackaging

/// Every version, specifier, marker, requirement, name, tag and wheel name in the tests of the `packaging` library.
@Suite struct PackagingSuiteTests {
  /// Expects that nothing differs, and shows the first few that do.
  private func expectNone(_ wrong: [String], of count: Int, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(
      wrong.isEmpty, "\(wrong.count) of \(count):\n\(wrong.prefix(20).joined(separator: "\n"))",
      sourceLocation: sourceLocation)
  }

  /// Numbers of more than 64 bits, and letters and spaces beyond ASCII, are in no version and no name to us.
  private func isBeyondUs(_ text: String) -> Bool {
    text.utf8.contains { $0 >= 0x80 } || text.contains(#/[0-9]{19}/#)
  }

  @Test func versions() throws {
    let cases = try PackagingSuite.cases("version", atLeast: 1000)
    let wrong = cases.compactMap { question, answer -> String? in
      let text = question.string ?? ""
      if isBeyondUs(text) { return nil }
      let ours = Version(text)?.description
      return ours == answer.string ? nil : "\(text): \(ours ?? "refused"), not \(answer)"
    }
    expectNone(wrong, of: cases.count)
  }

  @Test func comparisons() throws {
    let cases = try PackagingSuite.cases("compare", atLeast: 50_000)
    let wrong = try cases.compactMap { question, answer -> String? in
      let parts = try #require(question.strings)
      let left = try #require(Version(parts[1])), right = try #require(Version(parts[2]))
      let ours =
        switch parts[0] {
        case "lt": left < right
        case "le": left <= right
        case "eq": left == right
        case "ne": left != right
        case "ge": left >= right
        default: left > right
        }
      return ours == answer.bool ? nil : "\(parts): \(ours)"
    }
    expectNone(wrong, of: cases.count)
  }

  @Test func specifiers() throws {
    let cases = try PackagingSuite.cases("specifier", atLeast: 1000)
    let wrong = cases.compactMap { question, answer -> String? in
      let text = question.string ?? ""
      // To us a comma ends the version after "===", here as in sets.
      if isBeyondUs(text) || text.hasPrefix("===") && text.contains(",") { return nil }
      let ours = Specifier(text)?.description
      return ours == answer.string ? nil : "\(text): \(ours ?? "refused"), not \(answer)"
    }
    expectNone(wrong, of: cases.count)
  }

  @Test func versionsThatSpecifiersContain() throws {
    let cases = try PackagingSuite.cases("contains", atLeast: 5000)
    let wrong = cases.compactMap { question, answer -> String? in
      guard let parts = question.strings, let specifier = Specifier(parts[0]) else { return "\(question): refused" }
      let ours = specifier.contains(text: parts[1])
      return ours == answer.bool ? nil : "\(parts): \(ours)"
    }
    expectNone(wrong, of: cases.count)
  }

  @Test func setsOfSpecifiers() throws {
    let sets = try PackagingSuite.cases("set", atLeast: 500)
    let wrong = sets.compactMap { question, answer -> String? in
      let text = question.string ?? ""
      if isBeyondUs(text) { return nil }
      let ours = SpecifierSet(text).map { Set($0.specifiers.map(\.description)).sorted() }
      return ours == answer.strings.map { Set($0).sorted() } ? nil : "\(text): \(ours ?? []), not \(answer)"
    }
    expectNone(wrong, of: sets.count)
    let cases = try PackagingSuite.cases("set contains", atLeast: 1000)
    let wrongContents = cases.compactMap { question, answer -> String? in
      guard let set = question[0]?.string.flatMap({ SpecifierSet($0) }), let text = question[1]?.string else {
        return "\(question): refused"
      }
      let ours = set.contains(text: text, preReleases: question[2]?.bool)
      return ours == answer.bool ? nil : "\(question): \(ours)"
    }
    expectNone(wrongContents, of: cases.count)
  }

  /// Markers that the library reads and cannot evaluate, or not to anything but false: operators of versions beside
  /// what is none, two texts, two variables, sets compared with anything but "in".
  private func isMeaningless(_ marker: String) -> Bool {
    marker.contains("~=") || marker.contains("===") || marker.contains(#/^(extras|dependency_groups) *[=!<>]/#)
      || marker.contains(#/^["'][^"']*["'] *[<>=!]+ *["']/#) || marker.contains(#/^[a-z_]+ *[<>=!]+ *[a-z_]+$/#)
  }

  @Test func markers() throws {
    let cases = try PackagingSuite.cases("marker", atLeast: 1000)
    let wrong = cases.compactMap { question, answer -> String? in
      let text = question.string ?? ""
      guard let marker = Marker(text) else {
        return answer.isNull || isMeaningless(text) ? nil : "\(text): refused, not \(answer)"
      }
      guard let theirs = answer.string.flatMap({ Marker($0) }) else { return "\(text): read, not \(answer)" }
      return marker == theirs ? nil : "\(text): \(marker), not \(answer)"
    }
    expectNone(wrong, of: cases.count)
  }

  @Test func markersInTheirEnvironments() throws {
    let cases = try PackagingSuite.cases("evaluate", atLeast: 50)
    let wrong = cases.compactMap { question, answer -> String? in
      let text = question[0]?.string ?? ""
      guard let marker = Marker(text) else {
        // Two texts are refused whatever comes of them, as the documentation says.
        let isExpected = answer.bool == false || text.contains(#/^["'][^"']*["'] *[<>=!]+ *["'][^"']*["']$/#)
        return answer.isNull || isMeaningless(text) && isExpected ? nil : "\(text): refused"
      }
      var environment = MarkerEnvironment(values: [:])
      for (name, value) in question[1]?.object?.members ?? [] {
        switch MarkerVariable(rawValue: name) {
        case .extras?: environment.extras = Set(value.strings ?? [])
        case .dependencyGroups?: environment.dependencyGroups = Set(value.strings ?? [])
        case let variable?: environment[variable] = value.string ?? ""
        case nil: break
        }
      }
      let ours = marker.evaluate(in: environment)
      // What the library cannot compare is false to us.
      return answer.isNull ? (ours ? "\(text): true" : nil) : ours == answer.bool ? nil : "\(question): \(ours)"
    }
    expectNone(wrong, of: cases.count)
  }

  @Test func requirements() throws {
    let cases = try PackagingSuite.cases("requirement", atLeast: 3000)
    let wrong = cases.compactMap { question, answer -> String? in
      let text = question.string ?? ""
      guard let ours = try? Requirement(text) else { return answer.isNull ? nil : "\(text): refused, not \(answer)" }
      guard !answer.isNull else { return "\(text): read as \(ours)" }
      let isSame =
        ours.name.text == answer[0]?.string && ours.extras == answer[1]?.strings.map { Set($0).sorted() }
        && Set(ours.specifiers.specifiers.map(\.description)) == Set(answer[2]?.strings ?? [])
        && ours.url == answer[3]?.string && ours.marker == answer[4]?.string.flatMap { Marker($0) }
      return isSame ? nil : "\(text): \(ours), not \(answer)"
    }
    expectNone(wrong, of: cases.count)
  }

  @Test func names() throws {
    let cases = try PackagingSuite.cases("name", atLeast: 50)
    let wrong = cases.compactMap { question, answer -> String? in
      let text = question[0]?.string ?? ""
      let validates = question[1]?.bool ?? false
      let ours = validates ? PackageName(text)?.text : PackageName.normalize(text)
      return ours == answer.string ? nil : "\(question): \(ours ?? "refused"), not \(answer)"
    }
    expectNone(wrong, of: cases.count)
  }

  @Test func wheelNamesAndTags() throws {
    let wheels = try PackagingSuite.cases("wheel", atLeast: 20)
    var wrong = wheels.compactMap { question, answer -> String? in
      let text = question.string ?? ""
      if isBeyondUs(text) { return nil }
      guard let ours = WheelFileName(text) else { return answer.isNull ? nil : "\(text): refused, not \(answer)" }
      let build = ours.build.map { [JSONValue.int(Int64($0.number)), .string($0.rest)] } ?? []
      let isSame =
        ours.name.text == answer[0]?.string && ours.version.description == answer[1]?.string
        && .array(build) == answer[2] && Set(ours.tags.map(\.description)) == Set(answer[3]?.strings ?? [])
      return isSame ? nil : "\(text): \(ours.name) \(ours.version) \(build) \(ours.tags), not \(answer)"
    }
    let tags = try PackagingSuite.cases("tags", atLeast: 5)
    wrong += tags.compactMap { question, answer -> String? in
      let ours = WheelFileName("x-1-\(question.string ?? "").whl")
      return Set(ours?.tags.map(\.description) ?? []) == Set(answer.strings ?? []) ? nil : "\(question): \(answer)"
    }
    expectNone(wrong, of: wheels.count + tags.count)
  }

  @Test func tagsOfPythonsAndPlatforms() throws {
    let pythons = try PackagingSuite.cases("cpython tags", atLeast: 5)
    var wrong = pythons.compactMap { question, answer -> String? in
      let release = question[0]?.array?.compactMap { $0.int.map { UInt64($0) } } ?? []
      let abis = question[1]?.strings ?? [], platforms = question[2]?.strings ?? []
      guard release.count == 2, release[0] == 3 else { return nil }
      let ours = TagSet(cPython: Version(release: release), abis: abis, platforms: platforms)
      let theirs = answer.strings ?? []
      let ranks = theirs.map { text -> Int? in
        let parts = text.split(separator: "-").map(String.init)
        return ours.rank(WheelTag(interpreter: parts[0], abi: parts[1], platform: parts[2]))
      }
      return ranks.allSatisfy { $0 != nil } && ranks.compactMap(\.self) == ranks.compactMap(\.self).sorted()
        ? nil : "\(question): \(theirs), places \(ranks)"
    }
    let macs = try PackagingSuite.cases("mac platforms", atLeast: 5)
    wrong += macs.compactMap { question, answer -> String? in
      let version = question[0]?.array?.compactMap { $0.int.map(Int.init) } ?? []
      guard version.count == 2, let machine = question[1]?.string else { return nil }
      let ours = WheelPlatform(system: .macOS(major: version[0], minor: version[1]), machine: machine).tags
      return ours == answer.strings ? nil : "\(question): \(ours)\n   not \(answer)"
    }
    expectNone(wrong, of: pythons.count + macs.count)
  }
}
