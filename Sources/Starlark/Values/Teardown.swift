import Glibc

/// Releases nested values without deep recursion. A list in a list in a list, a million deep, would overflow the native
/// stack when the outermost list is released, because each `deinit` runs inside the `deinit` of its holder.
///
/// Up to `maximumDepth` levels are released directly. Deeper values are put aside, and released after the direct
/// levels. The state belongs to the thread that happens to drop the last reference.
enum Teardown {
  private final class State {
    var depth = 0
    var lists: [[Value]] = []
    var tables: [HashTable] = []
    var objects: [any StarlarkHostObject] = []

    // Separate functions, which the optimizer leaves alone. Otherwise it would release the value after the decrement of
    // the counter, or put the value aside without retaining it.
    @inline(never) @_optimize(none)
    func keep(_ elements: [Value]) { lists.append(elements) }

    @inline(never) @_optimize(none)
    func keep(_ table: HashTable) { tables.append(table) }

    @inline(never) @_optimize(none)
    func keep(_ object: any StarlarkHostObject) { objects.append(object) }

    @inline(never) @_optimize(none)
    func empty(_ elements: inout [Value]) { elements = [] }

    @inline(never) @_optimize(none)
    func empty(_ table: inout HashTable) { table = HashTable() }

    @inline(never) @_optimize(none)
    func empty(_ object: inout any StarlarkHostObject) { object = Teardown.nothing }
  }

  /// A placeholder for an object that has been removed.
  private final class Nothing: StarlarkHostObject {
    let typeName = "nothing"
  }

  private static let nothing = Nothing()

  private static let maximumDepth = 32

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { pointer in
      if let pointer { Unmanaged<State>.fromOpaque(pointer).release() }
    }
    return key
  }()

  private static func state() -> State {
    if let pointer = pthread_getspecific(key) { return Unmanaged<State>.fromOpaque(pointer).takeUnretainedValue() }
    let state = State()
    pthread_setspecific(key, Unmanaged.passRetained(state).toOpaque())
    return state
  }

  /// Empties `elements`, for a `deinit`.
  @inline(__always)
  static func release(_ elements: inout [Value]) {
    // No iterator can be alive when the elements are released: it would retain them.
    if elements.withUnsafeBufferPointer({ $0.contains(where: \.holdsValues) }) { releaseNested(&elements) }
  }

  /// Empties `table`, for a `deinit`.
  @inline(__always)
  static func release(_ table: inout HashTable) {
    let isNested = table.entries.withUnsafeBufferPointer {
      $0.contains { $0.value.holdsValues || $0.key.holdsValues }
    }
    if isNested { releaseNested(&table) }
  }

  @inline(never) @_optimize(none)
  private static func releaseNested(_ elements: inout [Value]) {
    let state = state()
    if state.depth >= maximumDepth {
      state.keep(elements)
      state.empty(&elements)
      return
    }
    state.depth += 1
    state.empty(&elements)
    state.depth -= 1
    if state.depth == 0 { drain(state) }
  }

  @inline(never) @_optimize(none)
  private static func releaseNested(_ table: inout HashTable) {
    let state = state()
    if state.depth >= maximumDepth {
      state.keep(table)
      state.empty(&table)
      return
    }
    state.depth += 1
    state.empty(&table)
    state.depth -= 1
    if state.depth == 0 { drain(state) }
  }

  /// Lets go of `object`, for a `deinit`.
  @inline(never) @_optimize(none)
  static func release(_ object: inout any StarlarkHostObject) {
    let state = state()
    if state.depth >= maximumDepth {
      state.keep(object)
      state.empty(&object)
      return
    }
    state.depth += 1
    state.empty(&object)
    state.depth -= 1
    if state.depth == 0 { drain(state) }
  }

  @inline(never) @_optimize(none)
  private static func drain(_ state: State) {
    state.depth = 1
    while true {
      if let elements = state.lists.popLast() {
        _ = consume elements
      } else if let table = state.tables.popLast() {
        _ = consume table
      } else if let object = state.objects.popLast() {
        _ = consume object
      } else {
        break
      }
    }
    state.depth = 0
  }
}
