import SystemSupport
import Testing

@Suite struct SubprocessTests {
  @Test func collectsOutputErrorsAndExitCode() throws {
    let outcome = try Subprocess("/bin/sh", ["-c", "cat; echo oops >&2; exit 3"], input: Array("in".utf8)).run()
    #expect(outcome.text == "in")
    #expect(outcome.errorText == "oops")
    #expect(outcome.termination == .exited(3))
  }

  @Test func neitherBlocksOnLargeInputNorOnLargeOutput() throws {
    let bytes = [UInt8](repeating: 0x61, count: 3 << 20)
    let outcome = try Subprocess("cat", input: bytes).run()
    #expect(outcome.output == bytes)
    let ignored = try Subprocess("true", input: bytes).run()
    #expect(ignored.termination.isSuccess)
  }

  @Test func keepsNoMoreThanTheLimit() throws {
    var command = Subprocess("/bin/sh", ["-c", "head -c 500000 /dev/zero"])
    command.outputLimit = 1000
    let outcome = try command.run()
    #expect(outcome.output.count == 1000)
    #expect(outcome.termination.isSuccess)
  }

  @Test func aDeadlineEndsTheWholeSession() throws {
    let outcome = try Subprocess("/bin/sh", ["-c", "sleep 600 & sleep 600"], deadlineMilliseconds: 50).run()
    #expect(outcome.termination == .timedOut)
  }

  @Test func reportsSignals() throws {
    #expect(try Subprocess("/bin/sh", ["-c", "kill -9 $$"]).run().termination == .signaled(9))
  }

  @Test func aMissingProgramIsAnError() {
    #expect(throws: SystemCallError("posix_spawn", "no-such-program", .noSuchFileOrDirectory)) {
      try Subprocess("no-such-program").run()
    }
  }

  @Test func environmentAndDirectoryAreThoseGiven() throws {
    let outcome = try Subprocess(
      "/bin/sh", ["-c", "echo $A; pwd"], environment: ["A=b c"], workingDirectory: "/usr"
    ).run()
    #expect(outcome.text == "b c\n/usr")
  }

  @Test func aChildInheritsNoOtherDescriptor() throws {
    let outcome = try Subprocess("/bin/sh", ["-c", "ls /proc/$$/fd"]).run()
    #expect(Set(outcome.text.split(separator: "\n").compactMap { Int($0) }).isSubset(of: [0, 1, 2, 10, 255]))
  }

  @Test func workIsDoneOnceEach() {
    final class Counter: Sendable {
      let counts: [Atomic64]
      init() { counts = (0..<1000).map { _ in Atomic64() } }
    }
    let counter = Counter()
    performInParallel(count: 1000, threads: 4) { counter.counts[$0].increment() }
    #expect(counter.counts.allSatisfy { $0.value == 1 })
  }
}
