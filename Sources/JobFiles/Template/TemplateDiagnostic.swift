import Diagnostics
import Starlark

/// Turns errors of the language into messages.
enum TemplateDiagnostic {
  static func make(_ error: StarlarkError) -> Diagnostic {
    // The error of a Kilt function is more precise; an error in an included file arrives as a cause.
    if let cause = error.cause as? StarlarkError { return make(cause) }
    if let cause = error.cause as? any DiagnosableError { return cause.diagnostic }
    var places = error.callStack.compactMap(\.location)
    if let location = error.location { places.append(location) }
    let place = places.last { !TemplateLibrary.owns($0.file) } ?? places.last
    var diagnostic = Diagnostic(.input, error.message, at: place.map(location), remedies: error.hint.map { [$0] } ?? [])
    if let place, let inner = error.location, inner.file != place.file {
      diagnostic.notes.append("found at \(inner.description)")
    }
    for frame in error.callStack.reversed() {
      guard let at = frame.location, !TemplateLibrary.owns(at.file), at.file != place?.file || at.line != place?.line
      else { continue }
      diagnostic.notes.append("called from \(at.description)")
    }
    return diagnostic
  }

  /// The place with its column in bytes.
  static func location(_ place: StarlarkLocation) -> SourceLocation {
    let text = place.sourceLine
    let before = String(text.unicodeScalars.prefix(place.column - 1)).utf8.count
    // A call begins with the name of its function.
    let name = text.utf8.dropFirst(before).prefix { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F
    }
    return SourceLocation(
      path: place.file, line: place.line, column: before + 1, length: max(1, name.count), lineText: text)
  }
}
