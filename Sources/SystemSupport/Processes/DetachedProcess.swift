internal import CSystemShims
internal import Glibc

/// Starts a program in its own session that can outlive this process. Its output goes to `output`, its input is empty.
///
/// - Returns: the process ID, which the caller reaps if the program ends before this process does.
public func spawnDetached(
  _ program: FilePath, _ arguments: [String], environment: [String]? = nil, output: FileDescriptor
) throws(SystemCallError) -> Int32 {
  var options = kilt_spawn_options(
    standard_input: -1, standard_output: output.rawValue, standard_error: output.rawValue, working_directory: nil,
    new_session: 1)
  var pid: Int32 = 0
  let result = withCStrings([program.string] + arguments) { arguments in
    withCStrings(environment ?? environmentStrings()) { environment in
      kilt_spawn(&pid, arguments[0], arguments, environment, &options)
    }
  }
  if result != 0 { throw SystemCallError("posix_spawn", program, Errno(rawValue: result)) }
  return pid
}

/// A program of its own session that waits for packets at its standard input.
public struct ListeningProcess: Sendable {
  /// The process ID, which the caller reaps.
  public var id: Int32
  /// The caller's end of the packet socket; to be closed by the caller. The program reads the end of its input then.
  public var socket: FileDescriptor
}

/// Starts a program in its own session, with a packet socket as its standard input, no output, and the errors of this
/// process.
public func spawnListening(
  _ program: FilePath, _ arguments: [String], environment: [String]? = nil
) throws(SystemCallError) -> ListeningProcess {
  var ends: [CInt] = [-1, -1]
  guard kilt_packet_sockets(&ends) == 0 else {
    throw SystemCallError("socketpair", program, Errno(rawValue: errno))
  }
  defer { close(ends[1]) }
  var options = kilt_spawn_options(
    standard_input: ends[1], standard_output: -1, standard_error: STDERR_FILENO, working_directory: nil, new_session: 1)
  var pid: Int32 = 0
  let result = withCStrings([program.string] + arguments) { arguments in
    withCStrings(environment ?? environmentStrings()) { environment in
      kilt_spawn(&pid, arguments[0], arguments, environment, &options)
    }
  }
  guard result == 0 else {
    close(ends[0])
    throw SystemCallError("posix_spawn", program, Errno(rawValue: result))
  }
  return ListeningProcess(id: pid, socket: FileDescriptor(rawValue: ends[0]))
}

/// Sends one packet without waiting. False when it does not fit, or nobody is there to read it.
public func sendPacket(_ bytes: [UInt8], to socket: FileDescriptor) -> Bool {
  while true {
    let count = send(socket.rawValue, bytes, bytes.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
    if count >= 0 { return count == bytes.count }
    if errno != EINTR { return false }
  }
}

/// Starts a program with these standard streams, in a session of its own or in this process's.
///
/// - Returns: its process id; the caller waits for its end (waitpid(2)).
public func spawnAttached(
  _ program: FilePath, _ arguments: [String], environment: [String]? = nil, input: FileDescriptor,
  output: FileDescriptor, error: FileDescriptor, newSession: Bool
) throws(SystemCallError) -> Int32 {
  var options = kilt_spawn_options(
    standard_input: input.rawValue, standard_output: output.rawValue, standard_error: error.rawValue,
    working_directory: nil, new_session: newSession ? 1 : 0)
  var pid: Int32 = 0
  let result = withCStrings([program.string] + arguments) { arguments in
    withCStrings(environment ?? environmentStrings()) { environment in
      kilt_spawn(&pid, arguments[0], arguments, environment, &options)
    }
  }
  if result != 0 { throw SystemCallError("posix_spawn", program, Errno(rawValue: result)) }
  return pid
}
