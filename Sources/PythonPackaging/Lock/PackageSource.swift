/// Where a package is from that no index has.
public enum PackageSource: Sendable, Hashable {
  /// A commit of a git repository; `subdirectory` is where the project is in it. The URL has no credentials.
  case git(url: String, commit: String, subdirectory: String?)
  /// An archive by its URL, which has no credentials.
  case archive(url: String)
  /// A project's folder, a wheel or a source archive: from the workspace root, or absolute where it lies outside.
  case path(String)

  /// As lockfiles have it: `git+URL@COMMIT#subdirectory=x`, `file:libs/x`, or the URL of an archive. Nil for anything
  /// else.
  public init?(_ text: String) {
    if text.hasPrefix("git+") {
      let parts = text.dropFirst(4).split(separator: "#", maxSplits: 1)
      guard let location = parts.first, let at = location.lastIndex(of: "@") else { return nil }
      let commit = lowercased(location[location.index(after: at)...])
      guard Self.isCommit(commit), Self.isFetchable(location[..<at]) else { return nil }
      var subdirectory: String?
      for option in parts.count > 1 ? parts[1].split(separator: "&") : [] where option.hasPrefix("subdirectory=") {
        subdirectory = String(option.dropFirst("subdirectory=".count))
      }
      guard subdirectory.map(Self.staysInside) ?? true else { return nil }
      self = .git(url: String(location[..<at]), commit: commit, subdirectory: subdirectory)
    } else if text.hasPrefix("file:") {
      let path = text.hasPrefix("file://") ? text.dropFirst("file://".count) : text.dropFirst("file:".count)
      guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
      self = .path(percentDecoded(String(path)))
    } else if text.hasPrefix("http://") || text.hasPrefix("https://") {
      self = .archive(url: text)
    } else {
      return nil
    }
  }

  /// Whether a URL is of a kind that git may be given: no option, no helper program, no password.
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

  /// Whether a relative path names something below where it begins.
  static func staysInside(_ path: String) -> Bool {
    !path.isEmpty && !path.hasPrefix("/") && !path.utf8.contains(0)
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { $0 != ".." }
  }

  public var text: String {
    switch self {
    case .git(let url, let commit, let subdirectory):
      "git+\(url)@\(commit)" + (subdirectory.map { "#subdirectory=\($0)" } ?? "")
    case .archive(let url): url
    case .path(let path): "file:\(path)"
    }
  }
}
