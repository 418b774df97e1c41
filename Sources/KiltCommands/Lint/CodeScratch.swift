internal import SystemSupport

/// A temporary directory for tools. It is removed when the tools have ended, also if a signal ends them.
enum CodeScratch {
  /// - Parameters:
  ///   - interrupted: called first when a signal arrives.
  ///   - body: gets the directory, and the cancellation that ends all tools.
  static func run<Result>(
    interrupted: @escaping @Sendable () -> Void = {}, _ body: (FilePath, ProcessCancellation) throws -> Result
  ) throws -> Result {
    let cancellation = ProcessCancellation()
    let scratch = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-lint"))
    // A directory that cannot be removed costs space until the system cleans its temporary directories.
    @Sendable func cleanUp() { try? FileSystem.removeTree(scratch) }
    TerminationSignals.handle {
      interrupted()
      cancellation.cancel(graceMilliseconds: 500)
      cleanUp()
    }
    defer { cleanUp() }
    return try body(scratch, cancellation)
  }
}
