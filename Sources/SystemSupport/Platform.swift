internal import Glibc
internal import Synchronization
public import SystemPackage

func systemErrno() -> CInt { errno }

/// The processors that are online (sysconf(3)), at least 1.
public func availableProcessors() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

/// A variable of the environment (getenv(3)); nil when not set.
public func environmentVariable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// The whole environment as `NAME=value` strings in their order (environ(7)).
public func environmentStrings() -> [String] {
  var strings: [String] = []
  var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
  while let entry = next.pointee {
    strings.append(String(cString: entry))
    next += 1
  }
  return strings
}

/// Sets a variable of this process's environment, before other threads read it (setenv(3)).
public func setEnvironmentVariable(_ name: String, to value: String) { setenv(name, value, 1) }

/// Writes all of `text` to a descriptor such as 1 or 2. An error of the standard output is kept for
/// ``standardOutputFailure()``; others are ignored, as there is nowhere to say them.
public func writeText(_ text: String, to descriptor: CInt) {
  var text = text
  text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) }
}

/// Writes all bytes to a descriptor such as 1 or 2, as ``writeText(_:to:)`` does.
public func writeBytes(_ bytes: [UInt8], to descriptor: CInt) {
  bytes.withUnsafeBytes { writeAll($0, to: descriptor) }
}

private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) {
  var rest = bytes
  while !rest.isEmpty {
    let count = write(descriptor, rest.baseAddress, rest.count)
    if count > 0 {
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    } else if count == 0 || errno != EINTR {
      let error = errno
      // The reader has closed the pipe: the process ends as it would if the signal were not ignored.
      if descriptor == 1, error == EPIPE {
        signal(SIGPIPE, SIG_DFL)
        // It is blocked in a thread that a transfer runs in.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        raise(SIGPIPE)
      }
      if descriptor == 1 { failure.withLock { $0 = $0 ?? Errno(rawValue: error) } }
      return
    }
  }
}

private let failure = Mutex<Errno?>(nil)

/// The first error of writing to the standard output; nil where all was written.
public func standardOutputFailure() -> Errno? { failure.withLock { $0 } }

/// Sees to it that the descriptors 0, 1 and 2 are open, before any file is opened: a file that took one of their numbers
/// would be read or written to in their place. A closed one becomes `/dev/null`, to which results cannot be written.
public func claimStandardDescriptors() {
  for descriptor in CInt(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
    // The lowest free number is the one that is wanted, as all below are open.
    _ = open("/dev/null", descriptor == 2 ? O_WRONLY : O_RDONLY)
  }
}

/// Whether a descriptor is a terminal (isatty(3)).
public func isTerminal(_ descriptor: CInt) -> Bool { isatty(descriptor) == 1 }

/// Nanoseconds of the wall clock since 1970 (clock_gettime(2), `CLOCK_REALTIME`).
public func wallClockNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// When this machine was started, in nanoseconds since 1970 by the clock as it is now.
public func bootTimeNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_BOOTTIME, &time)
  return wallClockNanoseconds() - Int64(time.tv_sec) * 1_000_000_000 - Int64(time.tv_nsec)
}

/// Nanoseconds of a clock that never goes back (`CLOCK_MONOTONIC`), for durations.
public func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The path of the running executable (`/proc/self/exe`, proc(5)).
public func executablePath() throws(SystemCallError) -> FilePath { try FileSystem.readLink("/proc/self/exe") }

/// Calls `body` with a null-terminated array of C strings, as execve(2) and posix_spawn(3) take them.
public func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers = strings.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  return pointers.withUnsafeMutableBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
    return body(base)
  }
}

/// Lets this thread wait (nanosleep(2)).
public func pauseMilliseconds(_ milliseconds: Int) {
  var rest = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
  var left = timespec()
  while nanosleep(&rest, &left) != 0, errno == EINTR { rest = left }
}

/// The columns of a terminal (`TIOCGWINSZ`, ioctl_tty(2)); 80 where it does not say.
public func terminalWidth(_ descriptor: CInt) -> Int {
  var size = winsize()
  guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
  return Int(size.ws_col)
}
