/// A flag for each row of a table, in memory that is neither counted nor checked for exclusive access: it is read and written
/// once for each file of a workspace. Used by one thread.
final class RowFlags {
  private let values: UnsafeMutablePointer<Bool>
  private let count: Int

  init(count: Int) {
    self.count = count
    values = .allocate(capacity: max(1, count))
    values.initialize(repeating: false, count: max(1, count))
  }

  deinit { values.deallocate() }

  subscript(index: Int) -> Bool {
    get {
      precondition(index >= 0 && index < count, "a flag beyond the rows")
      return values[index]
    }
    set {
      precondition(index >= 0 && index < count, "a flag beyond the rows")
      values[index] = newValue
    }
  }
}
