internal import Synchronization
internal import SystemPackage
internal import SystemSupport

/// Settings for running git, under which git executes no program that the git repository's own configuration names.
///
/// git runs programs that `.git/config` names: file system monitors, hooks, filters, pagers, external diffs, credential
/// helpers. A git repository that was copied with its `.git` directory, or a bare one among the files, brings such
/// settings with it. Settings of the user (`~/.gitconfig`) apply.
struct GitSettings: Sendable {
  /// The environment of git, `NAME=value`.
  let environment: [String]

  private static let known = Mutex<[FilePath: GitSettings]>([:])

  /// The settings for a directory, found once in a run.
  static func of(_ root: FilePath) throws(SystemCallError) -> GitSettings {
    if let known = known.withLock({ $0[root] }) { return known }
    let settings = GitSettings(try own(of: root))
    known.withLock { $0[root] = settings }
    return settings
  }

  /// - Parameter keys: those that the repository's configuration sets.
  init(_ keys: [String]) {
    var values: [(key: String, value: String)] = [
      ("core.fsmonitor", "false"), ("core.hooksPath", "/dev/null"), ("core.pager", "cat"), ("diff.external", ""),
      ("protocol.ext.allow", "never"), ("safe.bareRepository", "explicit"),
    ]
    for key in keys { if let value = Self.harmlessValue(of: key) { values.append((key, value)) } }
    let own = environmentStrings().filter { entry in
      !["GIT_CONFIG_COUNT=", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_TERMINAL_PROMPT="].contains {
        entry.hasPrefix($0)
      }
    }
    // The user's settings stay, and come first: of several values the last counts.
    let given = environmentVariable("GIT_CONFIG_COUNT").flatMap { Int($0) } ?? 0
    var all: [(key: String, value: String)] = (0..<max(0, min(given, 1000))).compactMap { index in
      guard let key = environmentVariable("GIT_CONFIG_KEY_\(index)") else { return nil }
      return (key, environmentVariable("GIT_CONFIG_VALUE_\(index)") ?? "")
    }
    all += values
    environment =
      own + ["GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_COUNT=\(all.count)"]
      + all.enumerated().flatMap { index, entry in
        ["GIT_CONFIG_KEY_\(index)=\(entry.key)", "GIT_CONFIG_VALUE_\(index)=\(entry.value)"]
      }
  }

  /// The value that disables a setting which names a program; nil for all other settings.
  private static func harmlessValue(of key: String) -> String? {
    let parts = key.split(separator: ".")
    guard let section = parts.first, let name = parts.last?.lowercased() else { return nil }
    switch (section, name) {
    case ("filter", "clean"), ("filter", "smudge"), ("filter", "process"): return ""
    case ("filter", "required"): return "false"
    case ("diff", "command"), ("diff", "textconv"): return ""
    case ("core", "sshcommand"): return "ssh"
    case ("core", "gitproxy"), ("core", "askpass"), ("core", "alternaterefscommand"): return ""
    case ("credential", "helper"): return ""
    case ("remote", "uploadpack"): return "git-upload-pack"
    default: return nil
    }
  }

  /// The keys that a git repository's own configuration sets. Listing them executes nothing.
  private static func own(of root: FilePath) throws(SystemCallError) -> [String] {
    func ask(_ arguments: [String]) throws(SystemCallError) -> [String]? {
      let outcome = try Subprocess(
        "git", ["-C", root.string, "config", "--includes", "--list", "--name-only", "-z"] + arguments,
        environment: GitSettings([]).environment
      ).run()
      guard outcome.termination.isSuccess else { return nil }
      return outcome.output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
    // Each key follows its scope.
    if let words = try ask(["--show-scope"]) {
      let places = stride(from: 0, to: words.count - 1, by: 2)
      return Set(places.filter { ["local", "worktree"].contains(words[$0]) }.map { words[$0 + 1] }).sorted()
    }
    // git before 2.26, or no git repository: the next call of git reports it.
    return try ask(["--local"]) ?? []
  }
}
