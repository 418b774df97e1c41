internal import SystemSupport

/// A temporary directory for tools, which goes when they have ended, or when a signal ends them.
enum CodeScratch {
  /// - Parameter body: gets the directory, and what ends all tools.
  static func run<Result>(_ body: (FilePath, ProcessCancellation) throws -> Result) throws -> Result {
    let cancellation = ProcessCancellation()
    let scratch = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-lint"))
    // What cannot be removed is left to whoever cleans temporary directories.
    @Sendable func cleanUp() { try? FileSystem.removeTree(scratch) }
    TerminationSignals.handle {
      cancellation.cancel(graceMilliseconds: 500)
      cleanUp()
    }
    defer { cleanUp() }
    return try body(scratch, cancellation)
  }
}
