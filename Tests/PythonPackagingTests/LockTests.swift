import ContentStore
import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import PythonPackaging

/// A small lock that has everything a lock can have.
let exampleLock = Lockfile(
  requiresPython: SpecifierSet([Specifier(">=3.9")].compactMap(\.self)),
  requirements: ["app[fast]", "tool; sys_platform == 'win32'"],
  roots: [
    LockedDependency(name: name("app"), extras: ["fast"]),
    LockedDependency(name: name("tool"), marker: Marker("sys_platform == 'win32'")),
  ],
  packages: [
    LockedPackage(
      name: name("app"), version: "1.0",
      dependencies: [
        LockedDependency(name: name("lib"), version: "1.0", marker: Marker("python_full_version < '3.11'")),
        LockedDependency(name: name("lib"), version: "2.0", marker: Marker("python_full_version >= '3.11'")),
      ],
      extras: ["fast": [LockedDependency(name: name("speed"))]],
      files: [LockedFile(name: "app-1.0-py3-none-any.whl", size: 12, sha256: .of("app"))]),
    LockedPackage(name: name("lib"), version: "1.0", marker: Marker("python_full_version < '3.11'")),
    // A cycle.
    LockedPackage(
      name: name("lib"), version: "2.0", marker: Marker("python_full_version >= '3.11'"),
      dependencies: [LockedDependency(name: name("app"))]),
    LockedPackage(
      name: name("speed"), version: "3.0",
      files: [
        LockedFile(name: "speed-3.0-cp311-cp311-manylinux_2_17_x86_64.whl", size: nil, sha256: .of("x86")),
        LockedFile(name: "speed-3.0-cp311-cp311-macosx_11_0_arm64.whl", size: nil, sha256: .of("mac")),
        LockedFile(name: "speed-3.0.tar.gz", size: nil, sha256: .of("source")),
      ]),
    LockedPackage(name: name("tool"), version: "1.0"),
  ])

private func name(_ text: String) -> PackageName {
  guard let name = PackageName(text) else { preconditionFailure("\(text) is no name") }
  return name
}

func target(_ version: String, _ platform: String = "linux_x86_64") throws -> PythonPlatform {
  PythonPlatform(cPython: try #require(Version(version)), platform: try #require(WheelPlatform(name: platform)))
}

@Suite struct LockTests {
  @Test func aLockReadsBackAsItWasWritten() throws {
    let text = exampleLock.text
    #expect(try Lockfile(parsing: Array(text.utf8), path: "a.lock") == exampleLock)
    #expect(try Lockfile(parsing: Array(text.utf8), path: "a.lock").text == text)
  }

  @Test(arguments: ["", "{}", "{\"kilt_lock\": 2}", "[1]", "{\"kilt_lock\": 1, \"requires_python\": \"x\"}"])
  func aTextThatIsNoLockIsAnErrorThatNamesTheFile(text: String) throws {
    let error = #expect(throws: LockError.self) { try Lockfile(parsing: Array(text.utf8), path: "a/b.lock") }
    #expect(error?.diagnostic.summary.contains("a/b.lock") == true)
    #expect(error?.diagnostic.blame == .input)
  }

  @Test func aFileNameInALockCanNotLeaveItsFolder() throws {
    let text = exampleLock.text.replacing("app-1.0-py3-none-any.whl", with: "../app-1.0-py3-none-any.whl")
    #expect(throws: LockError.self) { try Lockfile(parsing: Array(text.utf8), path: "a.lock") }
  }

  @Test func aSubsetFollowsEdgesExtrasAndMarkersOfTheTarget() throws {
    func names(_ requirement: String, _ target: PythonPlatform) throws -> [String] {
      try exampleLock.subset(of: [Requirement(requirement)], for: target, path: "a.lock").map {
        "\($0.name) \($0.version)"
      }
    }
    #expect(try names("app", target("3.11")) == ["app 1.0", "lib 2.0", "speed 3.0"])
    #expect(try names("app", target("3.10")) == ["app 1.0", "lib 1.0", "speed 3.0"])
    #expect(try names("lib", target("3.10")) == ["lib 1.0"])
    #expect(try names("lib", target("3.12")) == ["app 1.0", "lib 2.0"])
    #expect(try names("tool", target("3.12")) == [])
    #expect(try names("app; python_version < '3'", target("3.12")) == [])
  }

  @Test func aRequirementThatIsNotLockedIsAnErrorWithTheNearestNames() throws {
    let target = try target("3.11")
    let error = #expect(throws: LockError.self) {
      try exampleLock.subset(of: [Requirement("sped")], for: target, path: "a.lock")
    }
    #expect(error == .notLocked(name: "sped", path: "a.lock", suggestions: ["speed"]))
    #expect(throws: LockError.self) {
      try exampleLock.subset(of: [Requirement("app")], for: self.oldPython(), path: "a.lock")
    }
  }

  private func oldPython() throws -> PythonPlatform { try target("3.8") }

  @Test func theWheelOfTheBestTagIsChosenAndAMissingOneNamesWhatThereIs() throws {
    let speed = exampleLock.packages[3]
    guard case .wheel(let file, _) = try speed.choose(for: target("3.11")) else { throw TestFailure("no wheel") }
    #expect(file.name == "speed-3.0-cp311-cp311-manylinux_2_17_x86_64.whl")
    guard case .wheel(let mac, _) = try speed.choose(for: target("3.11", "macos_arm64")) else {
      throw TestFailure("no wheel")
    }
    #expect(mac.name == "speed-3.0-cp311-cp311-macosx_11_0_arm64.whl")
    let error = #expect(throws: IndexError.self) { try speed.choose(for: target("3.12", "linux_aarch64")) }
    let notes = error?.diagnostic.notes.joined(separator: "\n") ?? ""
    #expect(error?.diagnostic.summary == "speed 3.0 has no wheel for CPython 3.12 on manylinux_2_28_aarch64")
    #expect(notes.contains("speed-3.0-cp311-cp311-macosx_11_0_arm64.whl"))
    #expect(notes.contains("cp312-cp312-manylinux_2_28_aarch64"))
  }

  @Test func ofWheelsWithOneTagTheHighestBuildNumberWins() throws {
    let files = ["x-1-py3-none-any.whl", "x-1-2-py3-none-any.whl", "x-1-10-py3-none-any.whl"]
    let package = LockedPackage(
      name: name("x"), version: "1", files: files.map { LockedFile(name: $0, size: nil, sha256: .of($0)) })
    guard case .wheel(let file, _) = try package.choose(for: target("3.11")) else { throw TestFailure("no wheel") }
    #expect(file.name == "x-1-10-py3-none-any.whl")
  }

  @Test func aDifferenceNamesWhatChanged() throws {
    var new = exampleLock
    new.packages[0].version = "1.1"
    new.packages[3].files.removeLast()
    new.packages.remove(at: 4)
    #expect(
      new.difference(from: exampleLock).lines == [
        "~ app  1.0 -> 1.1", "~ speed 3.0", "    - file speed-3.0.tar.gz", "- tool 1.0",
      ])
    #expect(exampleLock.difference(from: exampleLock).isEmpty)
  }

  @Test func aLockKnowsWhenItIsOutOfDate() throws {
    var request = LockRequest(
      requirements: try [Requirement("tool;sys_platform=='win32'"), Requirement("App[fast]")],
      requiresPython: exampleLock.requiresPython)
    #expect(exampleLock.staleness(against: request) == [])
    request.requirements[1].specifiers = try #require(SpecifierSet(">=2"))
    #expect(
      exampleLock.staleness(against: request) == [
        "the requirement \"app[fast]>=2\" is not locked", "the requirement \"app[fast]\" was removed",
      ])
  }
}

struct TestFailure: Error {
  var message: String
  init(_ message: String) { self.message = message }
}
