internal import BuildFiles
internal import Bundles
internal import Diagnostics
internal import TargetGraph

extension BundleFields {
  /// Applies the options of `extra_build_args`. They come after the fields, as they do for pex.
  mutating func apply(pexArguments arguments: [String], of target: Target) throws {
    if arguments.isEmpty { return }
    let parsed: PexArguments
    do throws(PexArguments.Failure) {
      parsed = try PexArguments(arguments)
    } catch {
      throw Self.diagnostic(error, target)
    }
    for option in parsed.options {
      switch option.kind {
      case .sets(let setting): try set(setting, option, target)
      case .noted(let reason): note("\(option.name) of extra_build_args has no effect: \(reason)")
      case .scie: noteScie(option.name + " of extra_build_args")
      case .nothing, .refused: break
      }
    }
  }

  private mutating func set(_ setting: PexArguments.Setting, _ option: PexArguments.Option, _ target: Target) throws {
    let value = option.value ?? ""
    switch setting {
    case .inheritPath: inheritPath = BundleSpecification.InheritPath(rawValue: value) ?? inheritPath
    case .stripsPexEnvironment(let flag): stripsPexEnvironment = flag
    case .emitsWarnings(let flag): emitsWarnings = flag
    case .includesTools: includesTools = true
    case .hasHermeticScripts(let flag): hasHermeticScripts = flag
    case .copiesSitePackages(let flag): copiesSitePackages = flag
    case .allowsCollisions: allowsCollisions = true
    case .shebang: try apply(shebang: value, target, field: "extra_build_args")
    case .interpreterFlags:
      guard let words = Self.words(of: value) else {
        throw Diagnostic(
          .input, "--inject-python-args of \"\(target.address)\" has a quote that does not end",
          at: target.declaration.site.location(field: "extra_build_args"), remedies: ["end the quote"])
      }
      try apply(flags: words, target, field: "extra_build_args")
    case .layout: layout = BundleSpecification.Layout(rawValue: value) ?? layout
    case .check: check = value
    case .compress(let flag): noteCompression(flag)
    case .argument:
      guard let words = Self.words(of: value) else {
        throw Diagnostic(
          .input, "--inject-args of \"\(target.address)\" has a quote that does not end",
          at: target.declaration.site.location(field: "extra_build_args"), remedies: ["use the field \"args\""])
      }
      arguments += words
    case .environment:
      guard let equal = value.firstIndex(of: "="), equal != value.startIndex else {
        throw Diagnostic(
          .input, "--inject-env of \"\(target.address)\" needs NAME=VALUE, not \"\(value)\"",
          at: target.declaration.site.location(field: "extra_build_args"), remedies: ["use the field \"env\""])
      }
      environment[String(value[..<equal])] = String(value[value.index(after: equal)...])
    }
  }

  /// The words of a text as a shell reads it, without anything that a shell would replace; nil for a quote without end.
  static func words(of text: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    for character in text {
      if isEscaped {
        word = (word ?? "") + String(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word?.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if quote != nil || isEscaped { return nil }
    return words + (word.map { [$0] } ?? [])
  }

  private static func diagnostic(_ failure: PexArguments.Failure, _ target: Target) -> Diagnostic {
    func make(_ summary: String, _ remedies: [String]) -> Diagnostic {
      Diagnostic(
        .input, "extra_build_args of \"\(target.address)\": \(summary)",
        at: target.declaration.site.location(field: "extra_build_args"), remedies: remedies)
    }
    switch failure {
    case .unknown(let name):
      return make(
        "pex has no option \(name)",
        [Suggestions.remedy(for: name, among: PexArguments.names) ?? "run `pex --help` to list its options"])
    case .refused(let name, let remedy): return make("\(name) is not supported", [remedy])
    case .lacksValue(let name): return make("\(name) lacks its value", ["write \"\(name)=VALUE\""])
    case .unexpectedValue(let name): return make("\(name) takes no value", ["write \"\(name)\" without a value"])
    case .wrongValue(let name, let value, let choices):
      return make("\(name) is one of \(choices.joined(separator: ", ")), not \"\(value)\"", ["correct the value"])
    case .requirement(let word):
      return make(
        "\"\(word)\" is not an option", ["write each option as a separate entry, and requirements in `dependencies`"])
    }
  }
}
