public import Artifacts
internal import Diagnostics
public import SystemSupport

/// What a machine does with a remote cache.
public enum RemoteCacheMode: String, Sendable, CaseIterable {
  case read, write, off
}

/// The remote cache of a workspace: where it is, and what this machine does with it.
public struct RemoteCacheSettings: Sendable {
  /// A directory, `s3://BUCKET/PREFIX` or `http(s)://HOST/PATH`.
  public var address: String
  /// The directory at which a relative path begins.
  public var base: FilePath
  public var mode: RemoteCacheMode
  /// Keys of which one must have signed an entry; empty where signatures are not asked for.
  public var trustedKeys: [PublicKey]
  /// Signs what is uploaded.
  public var signer: (any ManifestSigner)?
  /// Milliseconds for one lookup.
  public var lookupDeadline = 3_000
  /// Milliseconds that the end of a command waits for uploads.
  public var uploadWait = 60_000
  /// Whether large blobs are fetched when something needs them, and not with the entry that names them.
  public var fetchesWhenNeeded = false
  /// Directories of this machine that no uploaded result of a build step may name.
  public var localPaths: [String] = []

  public init(
    address: String, base: FilePath, mode: RemoteCacheMode, trustedKeys: [PublicKey] = [],
    signer: (any ManifestSigner)? = nil
  ) {
    self.address = address
    self.base = base
    self.mode = mode
    self.trustedKeys = trustedKeys
    self.signer = signer
  }

  /// Variables that CI servers set.
  static let serverVariables = [
    "CI", "BUILDKITE", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TEAMCITY_VERSION", "TF_BUILD",
  ]

  /// Whether a CI server has started this process: one of its variables is set, and not to `false` or `0`.
  public static func isOnServer(environment: (String) -> String? = environmentVariable) -> Bool {
    serverVariables.contains { name in
      guard let value = environment(name)?.lowercased() else { return false }
      return !["", "0", "false"].contains(value)
    }
  }

  /// The mode of this machine: `KILT_CACHE_REMOTE_MODE`, otherwise `write` on CI servers and `read` elsewhere. An
  /// address that cannot be written to is read.
  ///
  /// - Throws: `Diagnostic` for another value, and for `write` with an address that cannot be written to.
  public static func mode(
    for address: String, environment: (String) -> String? = environmentVariable
  ) throws -> RemoteCacheMode {
    let isReadOnly = address.hasPrefix("http://") || address.hasPrefix("https://")
    guard let text = environment("KILT_CACHE_REMOTE_MODE"), !text.isEmpty else {
      return isOnServer(environment: environment) && !isReadOnly ? .write : .read
    }
    guard let mode = RemoteCacheMode(rawValue: text) else {
      throw Diagnostic(
        .input, "invalid KILT_CACHE_REMOTE_MODE \"\(text)\"", notes: ["one of: read, write, off"],
        remedies: ["set it to read, write or off"])
    }
    if mode == .write, isReadOnly {
      throw Diagnostic(
        .input, "cannot write to the remote cache: an HTTP address is read-only",
        remedies: ["set KILT_CACHE_REMOTE_MODE=read", "use an s3:// address or a directory to upload results"])
    }
    return mode
  }

  /// Reads a variable such as `KILT_CACHE_REMOTE_TIMEOUT` as milliseconds.
  ///
  /// - Throws: `Diagnostic` for a value that is not a duration.
  public static func milliseconds(
    of name: String, default value: Int, environment: (String) -> String? = environmentVariable
  ) throws -> Int {
    guard let text = environment(name), !text.isEmpty else { return value }
    guard let seconds = DurationText.seconds(text), (1...86_400).contains(seconds) else {
      throw Diagnostic(
        .input, "invalid \(name) \"\(text)\": expected a duration", remedies: ["write a duration such as 3s or 1m"])
    }
    return Int(seconds) * 1000
  }
}
