import Artifacts
import Diagnostics
import SystemSupport

/// What a command line of `pex-runner` asks for.
///
/// Parsed by hand: the common case is a start of a program, and a parser with features costs more than all the rest.
struct RunnerInvocation {
  enum Action {
    case run(ArtifactReference, arguments: [String])
    case fetch(ArtifactReference, printPath: Bool)
    case list(ArtifactName?)
    case cacheUsage
    case cacheEviction
    case help(topic: String?)
    case version
  }

  var action: Action
  var repository: String?
  var platform: HostPlatform?
  var quota: Int64?
  var verifies = false
  var isQuiet = false

  /// Parses the arguments after the program's name. Throws a ``Diagnostic`` or ``ArtifactError`` of the class `input`.
  init(parsing arguments: [String]) throws {
    var parser = RunnerArguments(arguments)
    self.init(action: .help(topic: nil))
    while let option = parser.takeOption() { if try take(option, from: &parser) { return } }
    guard let verb = parser.takeWord() else { throw RunnerArguments.usage("pex-runner needs a command") }
    let topic = verb
    if verb == "help" {
      action = .help(topic: parser.takeWord())
      return
    }
    guard ["run", "fetch", "list", "cache"].contains(verb) else { throw RunnerArguments.unknownCommand(verb) }
    var words: [String] = []
    var printsPath = false
    while !parser.isAtEnd {
      if parser.takeSeparator() {
        break
      } else if let option = parser.takeOption() {
        if option == "--help" || option == "-h" {
          action = .help(topic: topic)
          return
        }
        if option == "--print-path", verb == "fetch" {
          printsPath = true
        } else {
          _ = try take(option, from: &parser)
        }
      } else if let word = parser.takeWord() {
        words.append(word)
        // What follows NAME@COMMIT is the program's; its options are not ours.
        if verb == "run" { _ = parser.takeSeparator() }
        if verb == "run" { break }
      }
    }
    try setAction(verb, words, printsPath: printsPath, rest: parser.takeRest())
  }

  private init(action: Action) { self.action = action }

  private mutating func setAction(_ verb: String, _ words: [String], printsPath: Bool, rest: [String]) throws {
    switch (verb, words.count) {
    case ("run", 1): action = .run(try ArtifactReference(parsing: words[0]), arguments: rest)
    case ("fetch", 1): action = .fetch(try ArtifactReference(parsing: words[0]), printPath: printsPath)
    case ("list", 0): action = .list(nil)
    case ("list", 1): action = .list(try ArtifactName(validating: words[0]))
    case ("cache", 1) where words[0] == "du": action = .cacheUsage
    case ("cache", 1) where words[0] == "gc": action = .cacheEviction
    case ("run", _), ("fetch", _): throw RunnerArguments.usage("pex-runner \(verb) takes one NAME@COMMIT")
    case ("list", _): throw RunnerArguments.usage("pex-runner list takes at most one NAME")
    default: throw RunnerArguments.usage("pex-runner cache takes du or gc")
    }
  }

  /// Takes an option that every command knows; true when it ends the parsing.
  private mutating func take(_ option: String, from parser: inout RunnerArguments) throws -> Bool {
    switch option {
    case "--repository": repository = try parser.value(of: option)
    case "--platform": platform = try HostPlatform(validating: try parser.value(of: option))
    case "--max-size": quota = try RunnerArguments.size(try parser.value(of: option))
    case "--verify": verifies = true
    case "--quiet", "-q": isQuiet = true
    case "--help", "-h": action = .help(topic: nil)
    case "--version": action = .version
    default: throw RunnerArguments.unknownOption(option)
    }
    return option == "--help" || option == "-h" || option == "--version"
  }
}
