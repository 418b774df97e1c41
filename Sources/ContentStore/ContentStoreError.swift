public import Diagnostics
public import Digests
public import SystemSupport

/// What can go wrong with the content store.
public enum ContentStoreError: DiagnosableError, Hashable {
  /// Neither `KILT_CACHE_DIR`, `XDG_CACHE_HOME` nor `HOME` is set.
  case noCacheDirectory
  case system(FilePath, SystemCallError)
  case wrongDigest(expected: SHA256Digest, found: SHA256Digest)
  /// A stored file is not what its name says.
  case damaged(FilePath, expected: SHA256Digest)

  public var diagnostic: Diagnostic {
    switch self {
    case .noCacheDirectory:
      Diagnostic(
        .environment, "there is no directory for the cache: HOME is not set",
        remedies: ["set KILT_CACHE_DIR to a directory that you may write to"])
    case .system(let path, let error):
      Diagnostic(
        .environment, "the cache cannot be used at '\(path)'", notes: [error.description],
        remedies: [
          error.isNoSpace
            ? "free space on its file system" : "set KILT_CACHE_DIR to a directory that you may write to"
        ])
    case .wrongDigest(let expected, let found):
      Diagnostic(
        .input, "the bytes are not those expected", notes: ["expected sha256:\(expected)", "found sha256:\(found)"])
    case .damaged(let path, let expected):
      Diagnostic(
        .environment, "'\(path)' was damaged, and has been removed", notes: ["it should have had sha256:\(expected)"],
        remedies: ["run the command again", "check the disk when it happens again"])
    }
  }
}
