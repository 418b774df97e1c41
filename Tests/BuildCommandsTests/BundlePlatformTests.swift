import PythonPackaging
import Testing

@testable import BuildCommands

@Suite struct BundlePlatformTests {
  @Test(
    arguments: [
      ("linux_x86_64", "manylinux_2_28_x86_64", nil), ("linux-x86_64", "manylinux_2_28_x86_64", nil),
      ("macos_arm64@3.12", "macosx_14_0_arm64", "3.12"),
      ("manylinux2014_x86_64-cp-311-cp311", "manylinux_2_17_x86_64", "3.11"),
      ("linux_aarch64-cp-3.11.7-cp311", "manylinux_2_28_aarch64", "3.11.7"),
    ] as [(String, String, String?)])
  func aPlatformIsRead(text: String, platform: String, version: String?) throws {
    let read = try #require(BundlePlatform(text))
    #expect(read.platform?.description == platform)
    #expect(read.version == version.flatMap { Version($0) })
  }

  @Test func currentIsThisMachine() throws {
    let read = try #require(BundlePlatform("current"))
    #expect(read.platform == nil && read.version == nil)
  }

  @Test(arguments: [
    "", "solaris_sparc", "linux_x86_64@", "linux_x86_64@3", "linux_x86_64-pp-39-pp39", "linux_x86_64-cp-x-y",
  ])
  func anythingElseIsNone(text: String) { #expect(BundlePlatform(text) == nil) }
}
