internal import Executor

/// One command that runs in an instance's sandbox for a client, on this machine or another.
protocol CommandSession: Sendable {
  /// What there is now; empty when the command has written nothing.
  func read() -> [ExecSession.Frame]
  /// Hands bytes to the command's standard input; returns how many it took now.
  func write(_ bytes: ArraySlice<UInt8>) -> Int
  /// Ends the command's standard input.
  func closeInput()
  func resize(columns: Int, rows: Int)
  /// Ends the command.
  func end()
}

extension ExecSession: CommandSession {}
