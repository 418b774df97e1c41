import ArgumentParser
import KiltCommands
import Testing

@Suite struct InvocationTests {
  @Test func wrongUsageIsExitCodeTwo() {
    #expect(Invocation.run(["no-such-verb"]) == 2)
    #expect(Invocation.run(["--no-such-flag"]) == 2)
    #expect(Invocation.run(["job", "craete"]) == 2)
  }

  @Test func helpAndVersionSucceed() {
    #expect(Invocation.run(["--help"]) == 0)
    #expect(Invocation.run(["--version"]) == 0)
  }
}
