import Diagnostics
import Digests
import JSON
import SystemSupport
import Testing

@testable import PythonPackaging

/// Targets that are not this machine: by name, by a file, and what lockfiles say of them.
@Suite struct TargetTests {
  @Test(
    arguments: [
      ("linux_x86_64", "manylinux_2_28_x86_64", nil, nil), ("macos_arm64-cp312", "macosx_14_0_arm64", "3.12", nil),
      ("linux_aarch64-3.11", "manylinux_2_28_aarch64", "3.11", nil),
      ("linux_aarch64-3.11.7", "manylinux_2_28_aarch64", "3.11.7", nil),
      ("macos_arm64@3.12", "macosx_14_0_arm64", "3.12", nil),
      ("linux_x86_64-cp-311-cp311", "manylinux_2_28_x86_64", "3.11", "cp311"),
      ("linux-x86_64-cp-3.11.7-cp311", "manylinux_2_28_x86_64", "3.11.7", "cp311"),
      ("macosx-11.0-arm64-cp-39-cp39", "macosx_11_0_arm64", "3.9", "cp39"),
      ("manylinux_2_17_x86_64-cp313-cp313t", "manylinux_2_17_x86_64", "3.13", "cp313t"),
      ("musllinux_1_2_x86_64", "musllinux_1_2_x86_64", nil, nil),
    ] as [(String, String, String?, String?)])
  func namesOfPlatforms(text: String, platform: String, version: String?, abi: String?) throws {
    let name = try #require(PythonPlatformName(text))
    #expect(name.platform.description == platform)
    #expect(name.version?.description == version)
    #expect(name.abi == abi)
  }

  @Test(arguments: [
    "", "windows", "linux_", "linux_x86_64-", "linux_x86_64@", "linux_x86_64@2.7", "linux_x86_64-cp312@3.12",
    "linux_x86_64-cp", "linux_x86_64-cp27", "linux_x86_64-cp-311-cp312-x",
  ])
  func whatIsNoPlatformIsRefused(text: String) { #expect(PythonPlatformName(text) == nil) }

  @Test func freeThreadedPythonsHaveTheirOwnWheels() throws {
    let name = try #require(PythonPlatformName("linux_x86_64-cp313-cp313t"))
    let target = PythonPlatform(cPython: try #require(name.version), abi: name.abi, platform: name.platform)
    #expect(target.tags.rank(try #require(WheelFileName("x-1-cp313-cp313t-manylinux_2_17_x86_64.whl"))) != nil)
    #expect(target.tags.rank(try #require(WheelFileName("x-1-cp313-cp313-manylinux_2_17_x86_64.whl"))) == nil)
  }

  @Test func aCompletePlatformIsTakenAsItIs() throws {
    let text = """
      {"path": "/usr/bin/python3.11", "compatible_tags": ["cp311-cp311-manylinux_2_31_x86_64", "py3-none-any"],
       "marker_environment": {"implementation_name": "cpython", "implementation_version": "3.11.7", "os_name": "posix",
       "platform_machine": "x86_64", "python_full_version": "3.11.7", "python_version": "3.11", "sys_platform": "linux"}}
      """
    let target = try PythonPlatform(completePlatform: Array(text.utf8), path: "p.json")
    #expect(target.version.description == "3.11.7")
    #expect(target.tags.all.map(\.description) == ["cp311-cp311-manylinux_2_31_x86_64", "py3-none-any"])
    #expect(target.tags.rank(try #require(WheelFileName("x-1-cp311-cp311-manylinux_2_17_x86_64.whl"))) == nil)
    #expect(
      try #require(Marker("sys_platform == 'linux' and python_version == '3.11'")).evaluate(in: target.environment))
    for broken in [
      "", "{}", "[1]", text.replacing("py3-none-any", with: "py3"), text.replacing("manylinux", with: "x"),
    ] {
      let error = #expect(throws: Diagnostic.self) {
        try PythonPlatform(completePlatform: Array(broken.utf8), path: "p.json")
      }
      #expect(error?.summary.hasPrefix("invalid complete platform \"p.json\": ") == true)
    }
  }

  @Test func patchNumbersAndKernelsMakeNoDifference() throws {
    let constraints = [try #require(InterpreterConstraint("CPython>=3.11.4,<3.13"))]
    func target(_ version: String) throws -> PythonPlatform {
      var target = PythonPlatform(
        cPython: try #require(Version(version)), platform: try #require(WheelPlatform(name: "linux_x86_64")))
      target.environment[.platformRelease] = "6.1-\(version)"
      return target.settled(constraints)
    }
    #expect(try target("3.11.4").environment == target("3.11.9").environment)
    #expect(try target("3.11.9").environment[.pythonFullVersion] == "3.11.4")
    #expect(try target("3.12.3").environment[.pythonFullVersion] == "3.12.0")
  }

  @Test func aLockForSomePlatformsIsForNoOthersAndTellsWhatTheyLack() throws {
    var lock = exampleLock
    lock.requirements = ["app[fast]"]
    lock.platforms = ["linux_x86_64", "macos_arm64"]
    lock.requiresPython = try #require(SpecifierSet(">=3.11,<3.13"))
    lock.packages[0].files = [.init(name: "app-1.0-py3-none-any.whl", size: nil, sha256: .of("a"))]
    for index in 1...2 {
      let name = "lib-\(lock.packages[index].version)-py3-none-any.whl"
      lock.packages[index].files = [.init(name: name, size: nil, sha256: .of(name))]
    }
    #expect(try Lockfile(parsing: Array(lock.text.utf8), path: "x") == lock)
    let error = #expect(throws: LockError.self) {
      try lock.subset(of: [Requirement("app")], for: target("3.11", "linux_aarch64"), path: "x.lock")
    }
    #expect(
      error?.diagnostic.summary
        == "\"x.lock\" is for linux_x86_64, macos_arm64, not for CPython 3.11 on manylinux_2_28_aarch64")
    #expect(
      try lock.gaps(path: "x.lock").map(\.description) == [
        "speed 3.0 has no wheel for linux_x86_64 with Python 3.12, only an sdist",
        "speed 3.0 has no wheel for macos_arm64 with Python 3.12, only an sdist",
      ])
  }

  @Test func rulesOfBinariesLeaveOutFiles() throws {
    let files = exampleLock.packages[3].files
    var request = LockRequest(requirements: [], requiresPython: SpecifierSet(), noBinary: ["speed"])
    let speed = try #require(PackageName("speed"))
    #expect(request.allowed(files, of: speed).map(\.name) == ["speed-3.0.tar.gz"])
    request.noBinary = [":all:"]
    request.onlyBinary = ["speed"]
    #expect(request.allowed(files, of: speed).count == 2)
    request.noBinary = []
    request.onlyBinary = [":all:"]
    #expect(request.allowed(files, of: speed).allSatisfy { $0.wheel != nil })
  }
}
