/// The reference of the library's functions, generated from its sources: each signature, the comment above it, its
/// example.
public enum LibraryReference {
  struct Function {
    var name: String
    /// `http_health(port = "http", …)`, in one line.
    var signature: String
    var text: String
    var example: String
  }

  /// The functions of a file, without its private ones, in its order.
  static func functions(of source: String) -> [Function] {
    var functions: [Function] = []
    var comment: [Substring] = []
    var open: String?
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      if var signature = open {
        signature += " " + line.drop { $0 == " " }
        open = add(signature, comment, to: &functions) ? nil : signature
        if open == nil { comment = [] }
        continue
      }
      if line.hasPrefix("# ") {
        comment.append(line.dropFirst(2))
      } else if line.hasPrefix("def "), !line.hasPrefix("def _") {
        let signature = String(line.dropFirst(4))
        open = add(signature, comment, to: &functions) ? nil : signature
        if open == nil { comment = [] }
      } else {
        comment = []
      }
    }
    return functions
  }

  /// Adds the function once its signature is whole.
  private static func add(_ signature: String, _ comment: [Substring], to functions: inout [Function]) -> Bool {
    guard signature.hasSuffix("):") else { return false }
    let whole = String(signature.dropLast())
    let text = comment.filter { !$0.hasPrefix("Example: ") }.joined(separator: " ")
    let example = comment.first { $0.hasPrefix("Example: ") }.map { String($0.dropFirst("Example: ".count)) } ?? ""
    functions.append(
      Function(name: String(whole.prefix { $0 != "(" }), signature: whole, text: text, example: example))
    return true
  }

  /// The page of the documentation.
  public static var markdown: String {
    var page = """
      # Template library

      The functions of the templates that come with Kilt, for authors of templates. `include("kilt/NAME.aurora")` makes
      those of one file available. This page is generated from the sources; `kilt job library` prints it.

      """
    for (path, source) in TemplateLibrary.files.sorted(by: { $0.key < $1.key }) {
      page += "\n## \(path)\n"
      for function in functions(of: source) {
        page += """

          ### `\(function.name)`

          ```python
          \(function.signature)
          ```

          \(function.text)

          Example: `\(function.example)`

          """
      }
    }
    return page
  }
}
