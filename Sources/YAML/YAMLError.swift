public import Diagnostics

/// The reason why ``YAMLDocument`` does not accept a text.
public struct YAMLError: DiagnosableError, Hashable {
  public enum Kind: Sendable, Hashable {
    /// libyaml's words: its activity (can be empty), and the problem.
    case syntax(context: String, problem: String)
    case notUTF8
    case tooLarge(bytes: Int, limit: Int)
    case tooDeep(limit: Int)
    case tooManyNodes(limit: Int)
    case duplicateKey(String, firstLine: Int)
    case keyNotScalar
    case undefinedAlias(String)
    case recursiveAlias(String)
    case duplicateAnchor(String, firstLine: Int)
    case unsupportedTag(String)
    case notOfTag(String, text: String)
    case badMerge
    case severalDocuments
    case noMemory
  }

  public var kind: Kind
  public var location: SourceLocation

  init(_ kind: Kind, at location: SourceLocation) {
    self.kind = kind
    self.location = location
  }

  public var diagnostic: Diagnostic {
    var diagnostic = Diagnostic(.input, summary, at: location)
    switch kind {
    case .syntax(let context, _) where !context.isEmpty: diagnostic.notes = [context]
    case .duplicateKey(_, let line), .duplicateAnchor(_, let line): diagnostic.notes = ["the first is in line \(line)"]
    case .tooDeep, .tooManyNodes, .tooLarge:
      diagnostic.remedies = ["split the file, or write less through aliases"]
    case .undefinedAlias(let name): diagnostic.remedies = ["an anchor &\(name) must stand before its alias"]
    case .unsupportedTag: diagnostic.remedies = ["known are !!str, !!int, !!float, !!bool, !!null, !!seq and !!map"]
    case .badMerge: diagnostic.remedies = ["write << : *anchor, or << : [*first, *second], of mappings"]
    case .noMemory: diagnostic.blame = .environment
    default: break
    }
    return diagnostic
  }

  private var summary: String {
    switch kind {
    case .syntax(_, let problem): "not valid YAML: \(problem)"
    case .notUTF8: "not valid YAML: the file is not UTF-8 text"
    case .tooLarge(let bytes, let limit): "the file has \(bytes) bytes, more than the \(limit) that are read"
    case .tooDeep(let limit): "more than \(limit) mappings and lists within each other"
    case .tooManyNodes(let limit): "more than \(limit) values, with aliases followed"
    case .duplicateKey(let key, _): "the key \"\(key)\" is given twice"
    case .keyNotScalar: "a key must be a plain value, not a mapping or a list"
    case .undefinedAlias(let name): "there is no anchor \"\(name)\" for the alias *\(name)"
    case .recursiveAlias(let name): "the alias *\(name) stands within its own anchor"
    case .duplicateAnchor(let name, _): "the anchor &\(name) is given twice"
    case .unsupportedTag(let tag): "unknown tag \"\(tag)\""
    case .notOfTag(let tag, let text): "\"\(text)\" is not what its tag !!\(tag) says"
    case .badMerge: "<< takes a mapping or a list of mappings"
    case .severalDocuments: "a second document begins here; one is expected"
    case .noMemory: "out of memory while reading YAML"
    }
  }
}
