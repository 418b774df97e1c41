import JobModel
import SchedulerCore
import Testing

@Suite struct TransitionTests {
  /// Aurora's table, written out a second time: one line a state.
  static let table: [(TaskStatus, [TaskStatus])] = [
    (.initial, [.pending, .throttled]),
    (.throttled, [.pending, .killing]),
    (.pending, [.assigned, .killing]),
    (
      .assigned,
      [.starting, .running, .finished, .failed, .restarting, .draining, .preempting, .killing, .killed, .lost]
    ),
    (
      .starting,
      [.running, .finished, .failed, .restarting, .draining, .preempting, .killing, .killed, .lost, .partitioned]
    ),
    (
      .running, [.finished, .failed, .restarting, .draining, .preempting, .killing, .killed, .lost, .partitioned]
    ),
    (
      .partitioned,
      [.lost, .failed, .finished, .running, .assigned, .starting, .restarting, .draining, .preempting, .killing]
    ),
    (.preempting, [.finished, .failed, .killing, .killed, .lost, .partitioned]),
    (.restarting, [.finished, .failed, .killing, .killed, .lost, .partitioned]),
    (.draining, [.finished, .failed, .killing, .killed, .lost, .partitioned]),
    (.killing, [.finished, .failed, .killed, .lost, .partitioned]),
    (.finished, []), (.failed, []), (.killed, []), (.lost, []),
  ]

  @Test func theTableCoversEveryState() { #expect(Set(Self.table.map(\.0)) == Set(TaskStatus.allCases)) }

  @Test(arguments: table)
  func aTaskGoesOnlyWhereAurorasTableSays(_ from: TaskStatus, _ to: [TaskStatus]) {
    for status in TaskStatus.allCases {
      #expect(TaskTransitions.allows(from, status) == to.contains(status), "\(from) to \(status)")
    }
  }

  @Test func onlyEndedStatesHaveNoSuccessor() {
    for status in TaskStatus.allCases {
      #expect(TaskTransitions.following(status).isEmpty == status.isTerminal)
    }
    for status in UpdateStatus.allCases {
      #expect(UpdateTransitions.following(status).isEmpty == status.isTerminal)
    }
  }
}
