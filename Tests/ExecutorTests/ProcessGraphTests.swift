import JobModel
import Testing

@testable import Executor

/// The rules of the process graph, without processes.
struct ProcessGraphTests {
  private func process(
    _ name: String, maxFailures: Int = 1, daemon: Bool = false, ephemeral: Bool = false, final: Bool = false
  ) -> ProcessConfiguration {
    TaskFixture.process(
      name, "true", maxFailures: maxFailures, daemon: daemon, ephemeral: ephemeral, final: final,
      minDuration: .seconds(5))
  }

  @Test func theLeastTimeLiesBetweenTheStartsOfTwoRuns() throws {
    var graph = try ProcessGraph(task: TaskFixture.task([process("p", maxFailures: 0)]), final: false)
    #expect(graph.ready(at: .seconds(100)) == [0])
    graph.start(0, at: .seconds(100))
    graph.end(0, succeeded: false)
    #expect(graph.ready(at: .seconds(104)) == [])
    #expect(graph.nextStart(after: .seconds(104)) == .seconds(105))
    #expect(graph.ready(at: .seconds(105)) == [0])
  }

  @Test func aProcessWithoutALimitOfFailuresIsTriedForEver() throws {
    var graph = try ProcessGraph(task: TaskFixture.task([process("p", maxFailures: 0)]), final: false)
    for run in 0..<500 {
      graph.start(0, at: .seconds(run * 10))
      graph.end(0, succeeded: false)
      #expect(graph.outcome == nil)
    }
  }

  @Test func aTaskWithoutALimitOfFailuresSucceedsWhenAllProcessesAreDone() throws {
    var graph = try ProcessGraph(
      task: TaskFixture.task([process("bad"), process("good")], maxFailures: 0), final: false)
    for (position, succeeded) in [(0, false), (1, true)] {
      graph.start(position, at: .zero)
      graph.end(position, succeeded: succeeded)
    }
    #expect(graph.outcome == .succeeded)
  }

  @Test func aFailedEphemeralProcessDoesNotFailTheTask() throws {
    var graph = try ProcessGraph(
      task: TaskFixture.task([process("side", ephemeral: true), process("main")]), final: false)
    graph.start(0, at: .zero)
    graph.end(0, succeeded: false)
    #expect(graph.outcome == nil)
    graph.start(1, at: .zero)
    graph.end(1, succeeded: true)
    #expect(graph.outcome == .succeeded)
  }

  @Test func concurrencyIsBoundedAndFreedAgain() throws {
    var graph = try ProcessGraph(
      task: TaskFixture.task([process("a"), process("b"), process("c")], maxConcurrency: 2), final: false)
    #expect(graph.ready(at: .zero) == [0, 1])
    graph.start(0, at: .zero)
    graph.start(1, at: .zero)
    #expect(graph.ready(at: .zero) == [])
    graph.end(1, succeeded: true)
    #expect(graph.ready(at: .zero) == [2])
  }

  @Test func partialOrdersMerge() throws {
    var graph = try ProcessGraph(
      task: TaskFixture.task(
        [process("a"), process("b"), process("c"), process("d")], order: [["a", "c"], ["b", "c", "d"], ["a", "d"]]),
      final: false)
    #expect(graph.ready(at: .zero) == [0, 1])
    for position in [0, 1] {
      graph.start(position, at: .zero)
      graph.end(position, succeeded: true)
    }
    #expect(graph.ready(at: .zero) == [2])
  }

  @Test(arguments: [
    [["a", "missing"]], [["a", "a"]], [["a", "b"], ["b", "a"]], [["a", "last"]],
  ])
  func constraintsThatNoOrderSatisfiesAreRefused(_ order: [[String]]) {
    let task = TaskFixture.task([process("a"), process("b"), process("last", final: true)], order: order)
    #expect(throws: ExecutorError.self) { try ProcessGraph(task: task, final: false) }
  }

  @Test(arguments: ["", ".", "..", "a/b", "a\nb", String(repeating: "x", count: 256)])
  func namesThatAreNoFileNamesAreRefused(_ name: String) {
    #expect(throws: ExecutorError.self) { try ProcessGraph(task: TaskFixture.task([process(name)]), final: false) }
  }

  @Test func namesGivenTwiceAndTasksWithoutProcessesAreRefused() {
    for processes in [[process("a"), process("a")], []] {
      #expect(throws: ExecutorError.self) { try ProcessGraph(task: TaskFixture.task(processes), final: false) }
    }
  }
}
