import Testing

@testable import SchedulerServer

/// Events for many followers, some followers at a time.
@Suite struct EventFanOutTests {
  /// Hands out all that waits; what each follower got, and the largest portion.
  private func drain(_ fanOut: inout EventFanOut<Int>, into received: inout [Int: [Int]]) -> Int {
    var largest = 0
    while true {
      let portion = fanOut.nextPortion()
      if portion.isEmpty { return largest }
      largest = max(largest, portion.count)
      for delivery in portion { received[delivery.follower, default: []] += delivery.events }
    }
  }

  @Test("Every follower gets every event once and in order, in portions") func everyone() {
    var fanOut = EventFanOut<Int>()
    let followers = (0..<1500).map { _ in fanOut.join() }
    var received: [Int: [Int]] = [:]
    for event in 0..<5 { fanOut.add(event) }
    #expect(drain(&fanOut, into: &received) == EventFanOut<Int>.portion)
    for event in 5..<8 { fanOut.add(event) }
    _ = drain(&fanOut, into: &received)
    #expect(received.count == followers.count)
    #expect(received.values.allSatisfy { $0 == Array(0..<8) })
    #expect(!fanOut.isWaiting)
  }

  @Test("Who joins, leaves, or is told more while a round is under way gets what happened from then on")
  func amidRound() {
    var fanOut = EventFanOut<Int>()
    let old = (0..<200).map { _ in fanOut.join() }
    var received: [Int: [Int]] = [:]
    fanOut.add(0)
    for delivery in fanOut.nextPortion() { received[delivery.follower, default: []] += delivery.events }
    #expect(received.count == EventFanOut<Int>.portion)
    let late = fanOut.join()
    fanOut.add(1)
    let later = fanOut.join()
    fanOut.add(2)
    fanOut.leave(old[0])
    _ = drain(&fanOut, into: &received)
    for follower in old.dropFirst() { #expect(received[follower] == [0, 1, 2]) }
    #expect(received[late] == [1, 2])
    #expect(received[later] == [2])
  }

  @Test("Without followers nothing is kept") func nobody() {
    var fanOut = EventFanOut<Int>()
    fanOut.add(0)
    #expect(!fanOut.isWaiting)
    let follower = fanOut.join()
    fanOut.add(1)
    fanOut.leave(follower)
    #expect(!fanOut.isWaiting && fanOut.isEmpty)
    _ = fanOut.join()
    fanOut.add(2)
    #expect(fanOut.nextPortion().map(\.events) == [[2]])
  }
}
