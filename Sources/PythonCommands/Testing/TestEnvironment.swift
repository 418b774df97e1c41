internal import Diagnostics

/// The environment variables of tests: few, and all of them declared, so that a result does not depend on who runs it.
struct TestEnvironment {
  /// The variables that every program needs from its environment, as in Pants' `[subprocess-environment]`.
  private static let inherited = [
    "LANG", "LC_ALL", "LC_CTYPE", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
  ]
  private static let standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  private let own: [(name: String, value: String)]

  /// - Parameter strings: `NAME=value`: Kilt's own environment.
  init(_ strings: [String]) {
    own = strings.compactMap { text in
      guard let equals = text.firstIndex(of: "=") else { return nil }
      return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
  }

  /// The variables of a test, `NAME=value`, sorted. `PATH` is the standard one unless it is asked for.
  ///
  /// - Parameter entries: `NAME=value`, `NAME`, `NAME*`; later ones win.
  /// - Throws: `Diagnostic` for an entry that is none of these.
  func variables(_ entries: [String]) throws -> [String] {
    var found = ["PATH": Self.standardPath]
    for (name, value) in own where Self.inherited.contains(name) { found[name] = value }
    if found["LANG"] == nil, found["LC_ALL"] == nil { found["LANG"] = "C.UTF-8" }
    for entry in entries {
      let name = entry.prefix { $0 != "=" }
      let stem = name.hasSuffix("*") ? name.dropLast() : name
      guard !stem.isEmpty || name == "*", stem.allSatisfy({ !$0.isWhitespace && $0 != "*" }) else {
        throw Diagnostic(
          .input, "invalid variable \"\(entry)\" in the extra environment",
          remedies: ["write NAME=VALUE, or NAME or NAME* to copy it from your environment"])
      }
      if name.endIndex < entry.endIndex {
        found[String(name)] = String(entry[entry.index(after: name.endIndex)...])
      } else {
        for (own, value) in own where name.hasSuffix("*") ? own.hasPrefix(stem) : own == name { found[own] = value }
      }
    }
    return found.map { "\($0.key)=\($0.value)" }.sorted()
  }
}
