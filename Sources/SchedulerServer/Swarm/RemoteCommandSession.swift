internal import Digests
internal import Executor
internal import JSON
internal import Synchronization

/// A command beside a task of another machine: what passes between its client and the executor that runs it.
///
/// The executor brings output in numbered parts and takes input with each answer. A part that comes twice is taken once,
/// and gets the answer that was lost.
final class RemoteCommandSession: CommandSession {
  private struct State {
    var frames: [ExecSession.Frame] = []
    var input: [UInt8] = []
    var closesInput = false
    var size: (columns: Int, rows: Int)?
    var isClosed = false
    var hasEnded = false
    var part = 0
    var answer = JSONValue.object(JSONObject())
    var outputBytes = 0
  }
  private let state = Mutex(State())
  /// Input that waits for the executor, at most.
  private static let inputLimit = 1 << 20
  private static let inputPiece = 64 << 10

  /// Whether the client has left, or the command has ended and all of it was read.
  var isOver: Bool { state.withLock { $0.isClosed || $0.hasEnded && $0.frames.isEmpty } }

  /// Whether the client has so much to read already that the executor is to wait.
  var isFull: Bool { state.withLock { $0.outputBytes > 4 << 20 } }

  // MARK: The client

  func read() -> [ExecSession.Frame] {
    state.withLock { state in
      defer {
        state.frames = []
        state.outputBytes = 0
      }
      return state.frames
    }
  }

  func write(_ bytes: ArraySlice<UInt8>) -> Int {
    state.withLock { state in
      if state.isClosed || state.hasEnded { return bytes.count }
      let taken = bytes.prefix(max(0, Self.inputLimit - state.input.count))
      state.input += taken
      return taken.count
    }
  }

  func closeInput() { state.withLock { $0.closesInput = true } }

  func resize(columns: Int, rows: Int) { state.withLock { $0.size = (columns, rows) } }

  func end() { state.withLock { $0.isClosed = true } }

  // MARK: The executor

  /// Takes a part of the output, and returns what the executor is to do.
  func take(_ bytes: [UInt8], part: Int) -> JSONValue {
    state.withLock { state in
      if part <= state.part { return state.answer }
      state.part = part
      let frames = ExecSession.Frame.parse(bytes)
      state.frames += frames
      state.outputBytes += bytes.count
      if frames.contains(where: { if case .end = $0 { true } else { false } }) { state.hasEnded = true }
      var answer = JSONObject()
      if state.isClosed { answer["closed"] = true }
      let input = state.input.prefix(Self.inputPiece)
      if !input.isEmpty {
        state.input.removeFirst(input.count)
        answer["input"] = .string(Base64.encode(Array(input)))
      }
      if state.closesInput, state.input.isEmpty {
        state.closesInput = false
        answer["end"] = true
      }
      if let size = state.size {
        state.size = nil
        answer["columns"] = .int(Int64(size.columns))
        answer["rows"] = .int(Int64(size.rows))
      }
      state.answer = .object(answer)
      return state.answer
    }
  }
}
