public import Diagnostics
internal import JSON
internal import TOML

/// The metadata that a Python file has in a comment (PEP 723): `# /// script`.
public struct InlineScript: Sendable, Hashable {
  /// As written (PEP 508).
  public let dependencies: [String]
  /// As written; nil if any Python version is accepted.
  public let requiresPython: String?

  /// The metadata in a file; nil where it has none.
  ///
  /// - Throws: `Diagnostic` for two blocks, or a block that is not TOML.
  public init?(in bytes: [UInt8], path: String) throws(Diagnostic) {
    var block: [String]?
    var start = 0
    var found: (lines: [String], start: Int)?
    let lines = String(decoding: bytes, as: UTF8.self).split(omittingEmptySubsequences: false) { $0.isNewline }
    for (index, line) in lines.enumerated() {
      if let current = block {
        if line == "# ///" {
          guard found == nil else {
            throw Diagnostic(
              .input, "\"\(path)\" has two blocks of script metadata",
              at: SourceLocation(path: path, line: start), remedies: ["remove one of the blocks"])
          }
          found = (current, start)
          block = nil
        } else if line == "#" || line.hasPrefix("# ") {
          block = current + [String(line.dropFirst(2))]
        } else {
          // A block that does not end is a comment.
          block = nil
        }
      } else if line == "# /// script" {
        block = []
        start = index + 1
      }
    }
    guard let found else { return nil }
    let root: JSONObject
    do throws(TOMLDocument.Failure) {
      root = try TOMLDocument(parsing: Array(found.lines.joined(separator: "\n").utf8)).root
    } catch {
      throw Diagnostic(
        .input, "cannot read the script metadata of \"\(path)\": \(error.message)",
        at: SourceLocation(path: path, line: found.start + error.line, column: error.column + 2))
    }
    dependencies = root["dependencies"]?.strings ?? []
    requiresPython = root["requires-python"]?.string
  }
}
