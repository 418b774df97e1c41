import JSON
import SystemSupport
import Testing

/// The help of every command of every program, as printed on a terminal of 80 columns.
@Suite struct HelpTests {
  private static func run(_ program: String, _ arguments: [String]) throws -> String {
    let path = try executablePath().removingLastComponent().appending(program)
    let environment = environmentStrings().filter { !$0.hasPrefix("COLUMNS=") } + ["COLUMNS=80"]
    let outcome = try Subprocess(path.string, arguments, environment: environment).run()
    try #require(outcome.termination.isSuccess, "\(program) \(arguments): \(outcome.errorText)")
    return outcome.text
  }

  /// A command of a program: how it is called, and what the parser knows of it.
  private struct Command {
    var words: [String]
    var description: JSONValue
    var isLeaf: Bool

    var arguments: [JSONValue] { description["arguments"]?.array ?? [] }
  }

  /// All commands of `kilt`, from the parser itself.
  private static func commands() throws -> [Command] {
    let root = try JSONValue(parsing: try run("kilt", ["--experimental-dump-help"]))
    func collect(_ command: JSONValue, _ words: [String]) -> [Command] {
      let below = (command["subcommands"]?.array ?? []).filter { $0["commandName"]?.string != "help" }
      return [Command(words: words, description: command, isLeaf: below.isEmpty)]
        + below.flatMap { collect($0, words + [$0["commandName"]?.string ?? "?"]) }
    }
    return collect(try #require(root["command"]), [])
  }

  /// Words that the glossary retires, and forms that the writing guide rules out.
  private static let retired = [
    "folder", "can not", "of which", "on which", "one a ", "may be given again", "may be repeated", "belongs into",
    "told apart", "worked out", "looked at", "look at", " is no ", " are no ", "anew", "whatever ", "per cent",
    "identity", "mend ",
  ]

  private static func check(_ text: String, of command: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines { #expect(line.count <= 80, "\(command): \(line)") }
    let words = lines.joined(separator: " ").lowercased().split(separator: " ").joined(separator: " ")
    for word in retired { #expect(!words.contains(word), "\(command) --help has \"\(word)\"") }
    // An example that is too long continues at the margin.
    for line in lines.drop(while: { $0 != "EXAMPLES" }).dropFirst().prefix(while: { !$0.isEmpty }) {
      #expect(line.hasPrefix("  ") && line.count < 80, "\(command), example: \(line)")
    }
  }

  @Test("Every command of kilt has a short abstract, and help that fits 80 columns") func kilt() throws {
    let all = try Self.commands()
    #expect(all.count > 60)
    for command in all {
      let name = (["kilt"] + command.words).joined(separator: " ")
      let abstract = command.description["abstract"]?.string ?? ""
      #expect((1...72).contains(abstract.count), "\(name): \(abstract)")
      #expect(!abstract.contains("\n") && abstract.hasSuffix("."), "\(name): \(abstract)")
      // `kilt scheduler run --help` would be the help of kilt-scheduler.
      let text = try Self.run("kilt", ["help"] + command.words)
      Self.check(text, of: name)
      if command.isLeaf {
        let examples = text.split(separator: "\n").drop { $0 != "EXAMPLES" }.dropFirst()
        #expect(examples.contains { $0.contains(name) || $0.contains("kilt \(command.words.first ?? "")") }, "\(name)")
      }
    }
  }

  /// Options that mean the same in every command that has them.
  private static let shared = [
    "bind", "check", "closed", "commit", "directory", "dry-run", "format", "keep-sandboxes", "quiet", "reason",
    "repository", "resolve", "state-directory", "tag", "timeout", "yes",
  ]

  @Test("A shared option has the same text in every command") func options() throws {
    var texts: [String: Set<String>] = [:]
    for command in try Self.commands() where command.isLeaf {
      for argument in command.arguments where argument["kind"]?.string != "positional" {
        guard let name = argument["preferredName"]?["name"]?.string, argument["shouldDisplay"]?.bool != false else {
          continue
        }
        texts[name, default: []].insert(argument["abstract"]?.string ?? "")
      }
    }
    for name in Self.shared {
      let found = texts[name] ?? []
      #expect(found.count == 1, "--\(name): \(found.sorted())")
    }
  }

  @Test("The other programs have help with examples that fits 80 columns") func otherPrograms() throws {
    let topics = ["run", "fetch", "path", "list", "install", "update", "which", "cache"]
    let calls =
      [
        ("kilt-executor", ["--help"]), ("kilt-scheduler", ["--help"]), ("kilt-scheduler", ["restore", "--help"]),
        ("pex-runner", ["--help"]),
      ] + topics.map { ("pex-runner", [$0, "--help"]) }
    for (program, arguments) in calls {
      let text = try Self.run(program, arguments)
      Self.check(text, of: ([program] + arguments).joined(separator: " "))
      #expect(text.contains("EXAMPLES"), "\(program) \(arguments)")
    }
  }
}
