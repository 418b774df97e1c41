import Synchronization

/// A counter that several threads increment.
final class Atomic64: Sendable {
  private let storage = Atomic<Int>(0)
  func increment() { storage.wrappingAdd(1, ordering: .relaxed) }
  var value: Int { storage.load(ordering: .relaxed) }
}
