internal import SystemSupport

/// A temporary directory for tools, which goes when they have ended, or when a signal ends them.
enum CodeScratch {
  /// - Parameters:
  ///   - interrupted: is called first when a signal arrives.
  ///   - body: gets the directory, and what ends all tools.
  static func run<Result>(
    interrupted: @escaping @Sendable () -> Void = {}, _ body: (FilePath, ProcessCancellation) throws -> Result
  ) throws -> Result {
    let cancellation = ProcessCancellation()
    let scratch = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-lint"))
    // What cannot be removed is left to whoever cleans temporary directories.
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
