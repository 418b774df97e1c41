/// Hands events to those who follow them, some followers at a time.
///
/// Each follower is a task of the web server. A thousand that wake at once would stand in front of every other request, so
/// that an answer about health waits for all of them.
struct EventFanOut<Event: Sendable> {
  /// What one portion gives to one follower.
  struct Delivery {
    var follower: Int
    var events: [Event]
  }

  /// How many followers get events at once.
  static var portion: Int { 64 }

  /// The numbers of followers, in ascending order, with the number of the last event before each.
  private var followers: [(number: Int, joinedAfter: Int)] = []
  private var next = 0
  /// Events that not every follower has, with the number of the first.
  private var events: [Event] = []
  private var first = 1
  /// The round that is under way: the events that are handed out, and the followers that still have to get them.
  private var round: (last: Int, waiting: ArraySlice<(number: Int, joinedAfter: Int)>)?

  /// Whether some follower waits for an event.
  var isWaiting: Bool { !events.isEmpty }
  var isEmpty: Bool { followers.isEmpty }

  /// Takes a follower in, who gets what happens from now on. Returns its number.
  mutating func join() -> Int {
    next += 1
    followers.append((next, first + events.count - 1))
    return next
  }

  mutating func leave(_ number: Int) {
    followers.removeAll { $0.number == number }
    if followers.isEmpty { clear() }
  }

  /// Takes an event that has happened.
  mutating func add(_ event: Event) { if !followers.isEmpty { events.append(event) } }

  /// Returns the next portion of deliveries; empty when all followers have all events.
  ///
  /// A follower gets events in their order, each once. Events that happen while a round is under way are the next round's.
  mutating func nextPortion() -> [Delivery] {
    while !events.isEmpty {
      let current = round ?? (first + events.count - 1, followers[...])
      let now = current.waiting.prefix(Self.portion)
      let rest = current.waiting.dropFirst(now.count)
      let handed = events.prefix(current.last - first + 1)
      let deliveries = now.compactMap { follower -> Delivery? in
        let events = handed.dropFirst(max(0, follower.joinedAfter - first + 1))
        return events.isEmpty ? nil : Delivery(follower: follower.number, events: Array(events))
      }
      if rest.isEmpty {
        events.removeFirst(handed.count)
        first = current.last + 1
        round = nil
      } else {
        round = (current.last, rest)
      }
      if !deliveries.isEmpty { return deliveries }
    }
    return []
  }

  private mutating func clear() {
    first += events.count
    events = []
    round = nil
  }
}
