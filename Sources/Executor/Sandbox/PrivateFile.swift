import SystemSupport

/// Files that only the executor and the scheduler read.
enum PrivateFile {
  static func write(_ text: String, to path: String) throws(ExecutorError) {
    do throws(SystemCallError) {
      try FileSystem.write(text: text, to: FilePath(path), permissions: 0o600)
    } catch {
      throw ExecutorError(error, path: path)
    }
  }
}

extension ExecutorError {
  /// A failure of `SystemSupport` in this module's form.
  init(_ error: SystemCallError, path: String) {
    self = .system(call: error.call, path: error.path?.string ?? path, code: error.errno.rawValue)
  }
}
