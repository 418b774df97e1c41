internal import SystemSupport

/// The source of a package that is not from an index.
public enum PackageSource: Sendable, Hashable {
  /// A commit of a git repository; `subdirectory` is the directory of the project in it. The URL has no credentials.
  case git(url: String, commit: String, subdirectory: String?)
  /// The commit of a branch, a tag or, without a name, `HEAD` at its first use. Lockfiles of pex can omit the commit;
  /// `digest` is their hash of the tree, which distinguishes the choices of two lockfiles.
  case gitReference(url: String, reference: String?, subdirectory: String?, digest: String)
  /// An archive by its URL, which has no credentials.
  case archive(url: String)
  /// A project's directory, a wheel or an sdist: from the workspace root, or absolute if it is outside.
  case path(String)

  /// In the form of lockfiles: `git+URL@COMMIT#subdirectory=x`, `file:libs/x`, or the URL of an archive. Nil for
  /// anything else.
  public init?(_ text: String) {
    if text.hasPrefix("git+") {
      let parts = text.dropFirst(4).split(separator: "#", maxSplits: 1)
      guard let location = parts.first, let at = location.lastIndex(of: "@") else { return nil }
      let commit = lowercased(location[location.index(after: at)...])
      guard Self.isCommit(commit), Self.isFetchable(location[..<at]) else { return nil }
      let subdirectory = parts.count > 1 ? Self.subdirectory(in: parts[1]) : nil
      guard subdirectory.map(Self.staysInside) ?? true else { return nil }
      self = .git(url: String(location[..<at]), commit: commit, subdirectory: subdirectory)
    } else if text.hasPrefix("file:") {
      let path = text.hasPrefix("file://") ? text.dropFirst("file://".count) : text.dropFirst("file:".count)
      guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
      self = .path(PercentEncoding.decodeLeniently(String(path)))
    } else if text.hasPrefix("http://") || text.hasPrefix("https://") {
      self = .archive(url: text)
    } else {
      return nil
    }
  }

  /// A branch, a tag or `HEAD` of a repository, as a lock of pex has it: `git+URL@REFERENCE#subdirectory=x`. Nil for
  /// anything that git cannot be given.
  init?(pexLocation text: String, digest: String) {
    let parts = text.dropFirst("git+".count).split(separator: "#", maxSplits: 1)
    guard text.hasPrefix("git+"), var location = parts.first else { return nil }
    var reference: String?
    let authority = location.range(of: "://")?.upperBound ?? location.startIndex
    if let slash = location[authority...].firstIndex(of: "/"), let at = location[slash...].lastIndex(of: "@") {
      reference = String(location[location.index(after: at)...])
      location = location[..<at]
    }
    guard Self.isFetchable(location), reference.map(Self.isReference) ?? true else { return nil }
    let subdirectory = parts.count > 1 ? Self.subdirectory(in: parts[1]) : nil
    guard subdirectory.map(Self.staysInside) ?? true else { return nil }
    self = .gitReference(url: String(location), reference: reference, subdirectory: subdirectory, digest: digest)
  }

  private static func subdirectory(in fragment: Substring) -> String? {
    let name = "subdirectory="
    return fragment.split(separator: "&").last { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
  }

  /// Whether a text can be the name of a branch or tag: git-check-ref-format(1), limited to common names.
  static func isReference(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count < 256 && !text.hasPrefix("-") && !text.hasPrefix("/") && !text.contains("..")
      && text.utf8.allSatisfy { byte in
        byte.isDigit || (97...122).contains(byte | 0x20) || "._-/+".utf8.contains(byte)
      }
  }

  /// Whether git can be given a URL: no option, no helper program, no password.
  static func isFetchable(_ url: some StringProtocol) -> Bool {
    let schemes = ["https://", "http://", "ssh://", "git://", "file://"]
    guard let scheme = schemes.first(where: { url.hasPrefix($0) }) else { return false }
    let authority = url.dropFirst(scheme.count).prefix { $0 != "/" }
    guard !authority.hasPrefix("-"), url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return false }
    guard let at = authority.lastIndex(of: "@") else { return true }
    return scheme == "ssh://" && !authority[..<at].contains(":")
  }

  /// Whether a text is the full name of a commit (SHA-1 or SHA-256).
  static func isCommit(_ text: some StringProtocol) -> Bool {
    (text.utf8.count == 40 || text.utf8.count == 64)
      && text.utf8.allSatisfy { $0.isDigit || (97...102).contains($0) }
  }

  /// Whether a relative path stays below its base.
  static func staysInside(_ path: String) -> Bool {
    !path.isEmpty && !path.hasPrefix("/") && !path.utf8.contains(0)
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { $0 != ".." }
  }

  public var text: String {
    switch self {
    case .git(let url, let commit, let subdirectory):
      "git+\(url)@\(commit)" + (subdirectory.map { "#subdirectory=\($0)" } ?? "")
    case .gitReference(let url, let reference, let subdirectory, _):
      "git+\(url)" + (reference.map { "@\($0)" } ?? "") + (subdirectory.map { "#subdirectory=\($0)" } ?? "")
    case .archive(let url): url
    case .path(let path): "file:\(path)"
    }
  }
}
