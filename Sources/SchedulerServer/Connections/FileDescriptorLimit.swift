internal import Glibc

/// The number of files that this process can have open (RLIMIT_NOFILE, getrlimit(2)).
enum FileDescriptorLimit {
  /// The number that connections, logs and the database need together.
  private static let wanted: rlim_t = 8192

  /// Raises the limit as far as useful and allowed, and returns it.
  static func raise() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    if limit.rlim_cur < wanted {
      var raised = limit
      raised.rlim_cur = min(wanted, limit.rlim_max)
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    }
    return Int(min(limit.rlim_cur, 1 << 20))
  }
}

extension ConnectionTable.Limits {
  /// Limits that leave half of the descriptors for logs, executors and the database.
  init(descriptors: Int) {
    self.init()
    let most = max(16, descriptors / 2)
    total = min(total, most)
    byAddress = min(byAddress, total * 5 / 6)
    streams = min(streams, total * 2 / 3)
    streamsByCaller = min(streamsByCaller, streams * 7 / 8)
  }
}
