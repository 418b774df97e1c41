import Diagnostics
import SystemSupport

/// The words of a command line, consumed one after the other. `--name=value` and `--name value` are the same.
struct RunnerArguments {
  private var rest: ArraySlice<String>
  private var attachedValue: String?

  init(_ arguments: [String]) { rest = arguments[...] }

  var isAtEnd: Bool { rest.isEmpty }

  /// The next word when it is an option, without an attached value.
  mutating func takeOption() -> String? {
    guard let word = rest.first, word.hasPrefix("-"), word != "--", word != "-" else { return nil }
    rest.removeFirst()
    guard let equals = word.firstIndex(of: "="), word.hasPrefix("--") else { return word }
    attachedValue = String(word[word.index(after: equals)...])
    return String(word[..<equals])
  }

  mutating func takeWord() -> String? { rest.popFirst() }

  /// Consumes a `--`.
  mutating func takeSeparator() -> Bool {
    guard rest.first == "--" else { return false }
    rest.removeFirst()
    return true
  }

  mutating func takeRest() -> [String] {
    defer { rest = [] }
    return Array(rest)
  }

  /// The value after `=` of the last consumed option; nil without one.
  mutating func attached() -> String? {
    defer { attachedValue = nil }
    return attachedValue
  }

  mutating func value(of option: String) throws -> String {
    if let attachedValue {
      self.attachedValue = nil
      return attachedValue
    }
    guard let value = rest.popFirst() else { throw Self.usage("the option \(option) needs a value") }
    return value
  }

  /// Bytes of `500MB`, `20G`, `1.5GiB` or `1048576`. As everywhere in Kilt, a K is 1024.
  static func size(_ text: String) throws -> Int64 {
    guard let bytes = ByteSize.parse(text) else {
      throw usage("invalid size \"\(text)\"", "write a size such as 500MiB or 20GiB")
    }
    return Int64(bytes)
  }

  /// Whether `--format json|text` means JSON.
  static func isJSON(_ text: String) throws -> Bool {
    switch text {
    case "json": return true
    case "text": return false
    default: throw usage("invalid --format \"\(text)\"", "one of: text, json")
    }
  }

  /// A count from 0 on.
  static func count(_ text: String, of option: String) throws -> Int {
    if let count = Int(text), (0...1000).contains(count) { return count }
    throw usage("\(option) takes a whole number from 0 on, not \"\(text)\"")
  }

  /// Whether `--verify=always|once` means each start.
  static func verifies(_ text: String) throws -> Bool {
    switch text {
    case "always": return true
    case "once": return false
    default: throw usage("invalid --verify \"\(text)\"", "one of: always, once")
    }
  }

  static func usage(_ summary: String, _ remedy: String = "run `pex-runner --help` to see the usage") -> Diagnostic {
    Diagnostic(.input, summary, remedies: [remedy])
  }

  static func unknownCommand(_ verb: String) -> Diagnostic {
    let known = RunnerInvocation.verbs + ["help"]
    return Diagnostic(
      .input, "unknown command \"pex-runner \(verb)\"",
      remedies: [
        Suggestions.remedy(for: verb, among: known), "run `pex-runner run NAME@COMMIT -- ARGUMENTS` to run an artifact",
      ].compactMap(\.self))
  }

  static func unknownOption(_ option: String) -> Diagnostic {
    let known = [
      "--repository", "--platform", "--max-size", "--verify", "--quiet", "--help", "--version", "--print-path",
      "--no-unpack",
      "--policy", "--stage", "--as", "--to", "--format", "--file", "--strip",
    ]
    return Diagnostic(
      .input, "unknown option \(option)",
      remedies: [Suggestions.remedy(for: option, among: known) ?? "run `pex-runner --help` to list the options"])
  }
}
