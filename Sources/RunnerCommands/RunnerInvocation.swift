import Artifacts
import Diagnostics
import SystemSupport

/// A command line of `pex-runner`.
///
/// Parsed by hand: the common case is a start of a program, and a parser with features costs more than all the rest.
struct RunnerInvocation {
  enum Action {
    case run(ArtifactSelector, arguments: [String])
    case fetch(ArtifactSelector, printPath: Bool)
    case list(ArtifactName?)
    case which(String)
    case install(ArtifactSelector)
    case update([String])
    case cacheList
    case cacheEviction
    case cacheVerification
    case unpack(archive: String, directory: String)
    case decompress(file: String, target: String)
    case help(topic: String?)
    case version
  }

  var action: Action
  var repository: String?
  var platform: ArtifactPlatform?
  var quota: Int64?
  /// Whether bytes and signatures are checked at each start; nil if the command line does not set it.
  var verifies: Bool?
  var isQuiet = false
  /// Whether a fetched bundle is unpacked for its first start.
  var unpacks = true
  var policy: String?
  var stage: String?
  /// The name of an installed tool.
  var toolName: String?
  /// The directory of installed tools.
  var toolDirectory: String?
  var printsJSON = false
  /// Leading parts of the paths of an archive to leave out.
  var strips = 0

  static let verbs = ["run", "fetch", "path", "which", "list", "install", "update", "cache", "unpack"]

  /// Parses the arguments after the program's name. Throws a ``Diagnostic`` or ``ArtifactError`` of the class `input`.
  init(parsing arguments: [String]) throws {
    var parser = RunnerArguments(arguments)
    self.init(action: .help(topic: nil))
    while let option = parser.takeOption() { if try take(option, from: &parser) { return } }
    guard let verb = parser.takeWord() else { throw RunnerArguments.usage("pex-runner needs a command") }
    if verb == "help" {
      action = .help(topic: parser.takeWord())
      return
    }
    guard Self.verbs.contains(verb) else { throw RunnerArguments.unknownCommand(verb) }
    var words: [String] = []
    var printsPath = false
    var isOneFile = false
    while !parser.isAtEnd {
      if parser.takeSeparator() {
        break
      } else if let option = parser.takeOption() {
        if option == "--help" || option == "-h" {
          action = .help(topic: verb)
          return
        }
        switch (option, verb) {
        case ("--print-path", "fetch"): printsPath = true
        case ("--no-unpack", "fetch"), ("--no-unpack", "path"): unpacks = false
        case ("--format", "list"), ("--format", "cache"):
          printsJSON = try RunnerArguments.isJSON(try parser.value(of: option))
        case ("--file", "unpack"): isOneFile = true
        case ("--strip", "unpack"): strips = try RunnerArguments.count(try parser.value(of: option), of: option)
        case ("--as", "install"): toolName = try parser.value(of: option)
        case ("--to", "install"), ("--to", "update"): toolDirectory = try parser.value(of: option)
        default: _ = try take(option, from: &parser)
        }
      } else if let word = parser.takeWord() {
        words.append(word)
        // Words after NAME@COMMIT belong to the program, including its options.
        if verb == "run" { _ = parser.takeSeparator() }
        if verb == "run" { break }
      }
    }
    if verb == "unpack" {
      guard (isOneFile ? 2...2 : 1...2).contains(words.count) else {
        throw RunnerArguments.usage("pex-runner unpack takes ARCHIVE [DIRECTORY], or --file COMPRESSED TARGET")
      }
      action =
        isOneFile
        ? .decompress(file: words[0], target: words[1])
        : .unpack(archive: words[0], directory: words.count > 1 ? words[1] : ".")
      return
    }
    try setAction(verb, words, printsPath: printsPath, rest: parser.takeRest())
  }

  /// The start of an installed tool.
  init(tool: InstalledTool, arguments: [String]) {
    self.init(action: .run(tool.target, arguments: arguments))
    repository = tool.repository
    platform = tool.platform
    isQuiet = true
  }

  private init(action: Action) { self.action = action }

  private mutating func setAction(_ verb: String, _ words: [String], printsPath: Bool, rest: [String]) throws {
    switch (verb, words.count) {
    case ("run", 1): action = .run(try ArtifactSelector(parsing: words[0]), arguments: rest)
    case ("fetch", 1): action = .fetch(try ArtifactSelector(parsing: words[0]), printPath: printsPath)
    case ("path", 1): action = .fetch(try ArtifactSelector(parsing: words[0]), printPath: true)
    case ("install", 1): action = .install(try ArtifactSelector(parsing: words[0]))
    case ("which", 1): action = .which(words[0])
    case ("update", _): action = .update(words)
    case ("list", 0): action = .list(nil)
    case ("list", 1): action = .list(try ArtifactName(validating: words[0]))
    case ("cache", 1) where words[0] == "list" || words[0] == "du": action = .cacheList
    case ("cache", 1) where words[0] == "gc": action = .cacheEviction
    case ("cache", 1) where words[0] == "verify": action = .cacheVerification
    case ("run", _), ("fetch", _), ("path", _), ("install", _):
      throw RunnerArguments.usage("pex-runner \(verb) needs one NAME@COMMIT or NAME@BRANCH")
    case ("list", _): throw RunnerArguments.usage("pex-runner list accepts at most one NAME")
    case ("which", _): throw RunnerArguments.usage("pex-runner which needs the name of one installed tool")
    default: throw RunnerArguments.usage("pex-runner cache needs list, gc or verify")
    }
  }

  /// Consumes an option that every command knows; true if it ends the parsing.
  private mutating func take(_ option: String, from parser: inout RunnerArguments) throws -> Bool {
    switch option {
    case "--repository": repository = try parser.value(of: option)
    case "--platform": platform = try ArtifactPlatform(validating: try parser.value(of: option))
    case "--max-size": quota = try RunnerArguments.size(try parser.value(of: option))
    case "--verify": verifies = try RunnerArguments.verifies(parser.attached() ?? "always")
    case "--policy": policy = try parser.value(of: option)
    case "--stage": stage = try parser.value(of: option)
    case "--quiet", "-q": isQuiet = true
    case "--help", "-h": action = .help(topic: nil)
    case "--version": action = .version
    default: throw RunnerArguments.unknownOption(option)
    }
    return option == "--help" || option == "-h" || option == "--version"
  }
}
