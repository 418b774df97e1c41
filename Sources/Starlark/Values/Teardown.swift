import Glibc

/// Releases nested values without deep recursion: a list in a list in a list, a million deep, would overflow the native
/// stack when the outermost is released, as each `deinit` runs inside of that of its holder.
///
/// Up to `maximumDepth` levels are released directly; what lies deeper is put aside, and released when the way back up is
/// done. The state belongs to the thread that happens to drop the last reference.
enum Teardown {
  private final class State {
    var depth = 0
    var lists: [[Value]] = []
    var tables: [HashTable] = []
    var objects: [any StarlarkHostObject] = []
  }

  /// What stands where an object has been taken out.
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
    // No iterator may be alive when the elements go: it would hold them.
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

  // The counter must be up while the elements go: the optimiser would move their release behind it.
  @inline(never) @_optimize(none)
  private static func releaseNested(_ elements: inout [Value]) {
    let state = state()
    if state.depth >= maximumDepth {
      state.lists.append(elements)
      elements = []
      return
    }
    state.depth += 1
    elements = []
    state.depth -= 1
    if state.depth == 0 { drain(state) }
  }

  // The counter must be up while the elements go: the optimiser would move their release behind it.
  @inline(never) @_optimize(none)
  private static func releaseNested(_ table: inout HashTable) {
    let state = state()
    if state.depth >= maximumDepth {
      state.tables.append(table)
      table = HashTable()
      return
    }
    state.depth += 1
    table = HashTable()
    state.depth -= 1
    if state.depth == 0 { drain(state) }
  }

  /// Lets go of `object`, for a `deinit`.
  @inline(never) @_optimize(none)
  static func release(_ object: inout any StarlarkHostObject) {
    let state = state()
    if state.depth >= maximumDepth {
      state.objects.append(object)
      object = nothing
      return
    }
    state.depth += 1
    object = nothing
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
