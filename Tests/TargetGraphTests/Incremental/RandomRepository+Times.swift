import Glibc
import SystemSupport

extension RandomRepository {
  /// Sets the modification time of a file, in nanoseconds since 1970; nil for now (utimensat(2)).
  static func setTimes(_ path: FilePath, _ time: Int64?) throws -> Bool {
    guard let time else { return path.withPlatformString { utimensat(AT_FDCWD, $0, nil, 0) } == 0 }
    let value = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
    return path.withPlatformString { path in
      withUnsafePointer(to: (value, value)) { pointer in
        pointer.withMemoryRebound(to: timespec.self, capacity: 2) { utimensat(AT_FDCWD, path, $0, 0) }
      }
    } == 0
  }
}
