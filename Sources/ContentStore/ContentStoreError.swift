public import Diagnostics
public import Digests
public import DirectoryTrust
public import SystemSupport

/// The errors of the content store.
public enum ContentStoreError: DiagnosableError, Hashable {
  /// Neither `KILT_CACHE_DIR`, `XDG_CACHE_HOME` nor `HOME` is set.
  case noCacheDirectory
  /// `KILT_CACHE_VERIFY` is not a number from 0 to 1.
  case invalidShare(String)
  /// Another user could have changed the programs in the store.
  case untrusted(UntrustedDirectory)
  /// The quota is not a size.
  case invalidQuota(String)
  case system(FilePath, SystemCallError)
  case wrongDigest(expected: SHA256Digest, found: SHA256Digest)
  /// A blob that something stored refers to is not there.
  case missing(SHA256Digest)
  /// A file that cannot be stored: a socket, a device, a link that leads out of its directory.
  case notStorable(FilePath)
  /// Files that cannot be in one tree.
  case tree(FileTreeError)
  /// A stored file does not match its name.
  case damaged(FilePath, expected: SHA256Digest)

  public var diagnostic: Diagnostic {
    switch self {
    case .noCacheDirectory:
      Diagnostic(
        .environment, "cannot locate the cache: HOME is not set",
        remedies: ["set KILT_CACHE_DIR to a directory that you may write to"])
    case .invalidShare(let text):
      Diagnostic(
        .input, "invalid KILT_CACHE_VERIFY \"\(text)\": expected a number from 0 to 1",
        remedies: ["write for example 0.02, to check one in fifty blobs that are read"])
    case .invalidQuota(let text):
      Diagnostic(
        .input, "invalid cache quota \"\(text)\"",
        remedies: ["write for example 20GB, in KILT_CACHE_QUOTA or kilt.toml"])
    case .missing(let digest):
      Diagnostic(
        .environment, "sha256:\(digest) is no longer in the cache",
        remedies: ["run the command again to create it again"])
    case .notStorable(let path):
      Diagnostic(
        .work, "\"\(path)\" cannot be kept",
        notes: ["it is neither a file nor a directory, or it is a link that leads outside"])
    case .tree(let error): error.diagnostic
    case .untrusted(let error): error.diagnostic
    case .system(let path, let error):
      Diagnostic(
        .environment, "cannot use the cache at \"\(path)\"", notes: [error.description],
        remedies: [
          error.isNoSpace
            ? "free space on its file system, or run \"kilt cache gc\""
            : "set KILT_CACHE_DIR to a directory that you may write to"
        ])
    case .wrongDigest(let expected, let found):
      Diagnostic(
        .input, "the bytes are not those expected", notes: ["expected sha256:\(expected)", "found sha256:\(found)"])
    case .damaged(let path, let expected):
      Diagnostic(
        .environment, "removed \"\(path)\": the file was damaged", notes: ["expected sha256:\(expected)"],
        remedies: ["run the command again", "check the disk when it happens again"])
    }
  }
}
