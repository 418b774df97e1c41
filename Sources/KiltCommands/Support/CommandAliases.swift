internal import BuildFiles
internal import Diagnostics
internal import SystemSupport
internal import Workspace

/// `[cli] alias` of a `pants.toml`: words and options that stand for others.
///
/// An alias stands wherever it is an argument, in front of `--`. What it stands for may hold other aliases.
enum CommandAliases {
  /// The arguments with aliases replaced.
  ///
  /// A workspace whose `pants.toml` says nothing of aliases costs the reading of that file.
  ///
  /// - Parameter verbs: the names of commands, which no alias can have.
  static func expand(_ arguments: [String], verbs: Set<String>) throws -> [String] {
    guard mayHaveAliases(arguments) else { return arguments }
    let workspace: Workspace
    // What is wrong with the configuration, the command itself says, and not `kilt --help`.
    do { workspace = try Workspace.find(from: directory(arguments)) } catch { return arguments }
    return try expand(arguments, workspace.configuration.commandAliases, verbs: verbs)
  }

  static func expand(_ arguments: [String], _ aliases: [String: [String]], verbs: Set<String>) throws -> [String] {
    if aliases.isEmpty { return arguments }
    for name in aliases.keys.sorted() where verbs.contains(name) {
      throw Diagnostic(
        .input, "the alias \"\(name)\" of `[cli] alias` has the name of a command",
        remedies: ["choose another name for the alias"])
    }
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return try arguments[..<end].flatMap { try replaced($0, aliases, above: []) } + arguments[end...]
  }

  private static func replaced(_ word: String, _ aliases: [String: [String]], above: [String]) throws -> [String] {
    guard let words = aliases[word] else { return [word] }
    guard !above.contains(word) else {
      throw Diagnostic(
        .input, "the alias \"\(word)\" of `[cli] alias` stands for itself",
        notes: [(above + [word]).joined(separator: " -> ")], remedies: ["change one of these aliases"])
    }
    return try words.flatMap { try replaced($0, aliases, above: above + [word]) }
  }

  /// The directory that the command works in.
  static func directory(_ arguments: [String]) throws -> FilePath {
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { break }
      for option in ["-C", "--directory"] where argument == option && index + 1 < arguments.count {
        return try FileSystem.canonicalPath(FilePath(arguments[index + 1]))
      }
      if argument.hasPrefix("--directory=") {
        return try FileSystem.canonicalPath(FilePath(String(argument.dropFirst("--directory=".utf8.count))))
      }
    }
    return try FileSystem.currentDirectory()
  }

  /// Whether some layer of the configuration could define an alias.
  private static func mayHaveAliases(_ arguments: [String]) -> Bool {
    if environmentVariable("PANTS_CLI_ALIAS") != nil { return true }
    var current: FilePath
    do { current = try directory(arguments) } catch { return false }  // The command itself says what is wrong with it.
    while true {
      if let own = text(of: current.appending("pants.toml")) {
        if own.contains("alias") || environmentVariable("PANTS_CONFIG_FILES") != nil { return true }
        let home = environmentVariable("HOME") ?? ""
        let others = [FilePath(home + "/.pants.rc"), current.appending(".pants.rc"), "/etc/pantsrc"]
        return others.contains { text(of: $0)?.contains("alias") == true }
      }
      let parent = current.removingLastComponent()
      if parent == current || parent.isEmpty { return false }
      current = parent
    }
  }

  /// The text of a file; nil where there is none, or where it cannot be read: whoever needs it says so.
  private static func text(of path: FilePath) -> String? {
    do throws(SystemCallError) { return try FileSystem.readText(path) } catch { return nil }
  }
}
