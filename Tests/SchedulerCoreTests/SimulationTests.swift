import JobModel
import SchedulerCore
import Testing

@Suite struct SimulationTests {
  /// A failing seed is in the test's name: add it to the list and it replays.
  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func noTroubleBreaksAnInvariant(_ seed: UInt64) {
    var simulation = Simulation(seed: seed, trouble: seed % 2 == 0 ? 10 : 25)
    for step in 0..<1000 {
      simulation.step()
      guard simulation.findings.isEmpty else {
        Issue.record("seed \(seed), step \(step): \(simulation.findings.prefix(3).joined(separator: "; "))")
        return
      }
    }
    #expect(simulation.crashes > 10)
    #expect(simulation.refusals > 10)

    // Trouble ends: everything that is wanted comes to run, or says why not; nothing else does.
    simulation.trouble = 0
    for id in simulation.host.executors.keys { simulation.host.executors[id]?.isStuck = false }
    for _ in 0..<400 {
      simulation.time = simulation.time + .seconds(10)
      while !simulation.host.pending.isEmpty {
        simulation.host.carryOut(
          simulation.host.pending.removeFirst(), at: simulation.time, trouble: 0, &simulation.random)
      }
      simulation.host.run(at: simulation.time, trouble: 0, &simulation.random)
      simulation.host.audit(simulation.scheduler.state, at: simulation.time, &simulation.random)
      simulation.deliver()
      simulation.send(.tick)
    }
    #expect(simulation.findings.isEmpty)
    let state = simulation.scheduler.state
    for task in state.activeTasks {
      #expect(
        task.status == .running || task.status == .pending && state.waitReason(of: task) != nil,
        "seed \(seed): \(task.id) is \(task.status): \(task.message ?? "")")
    }
    #expect(state.unfenced.isEmpty)
    #expect(!state.jobs.values.contains { $0.isEnding })
    #expect(
      Set(simulation.host.living.map(\.assignment.taskID))
        == Set(state.activeTasks.filter { $0.status == .running }.map(\.id)))
    for update in state.updates.values where update.status == .rollingForward || update.status == .rollingBack {
      // What still rolls waits for room on the host.
      #expect(state.activeTasks.contains { $0.job == update.job && $0.status == .pending }, "seed \(seed)")
    }
  }

  @Test func oneSeedGivesOneHistory() {
    var first = Simulation(seed: 99)
    var second = Simulation(seed: 99)
    for _ in 0..<500 {
      first.step()
      second.step()
    }
    #expect(first.scheduler.state == second.scheduler.state)
    #expect(first.host.pending == second.host.pending)
  }
}
