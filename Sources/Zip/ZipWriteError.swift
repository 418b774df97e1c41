public import Diagnostics
public import SystemPackage
public import SystemSupport

/// The file of an archive could not be written.
public struct ZipWriteError: DiagnosableError, Hashable {
  /// The archive, not its temporary file.
  public var path: FilePath
  public var cause: SystemCallError

  public init(path: FilePath, cause: SystemCallError) {
    self.path = path
    self.cause = cause
  }

  public var diagnostic: Diagnostic {
    let directory = path.removingLastComponent()
    let remedies: [String] =
      switch cause.errno {
      case _ where cause.isNoSpace: ["free space on the file system of \"\(directory)\""]
      case .permissionDenied, .notPermitted, .readOnlyFileSystem: ["write to a directory that you may write to"]
      case _ where cause.isMissing: ["create the directory \"\(directory)\""]
      default: []
      }
    return Diagnostic(.environment, "cannot write \"\(path)\"", notes: [cause.description], remedies: remedies)
  }
}
