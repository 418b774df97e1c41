internal import CSystemShims

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
