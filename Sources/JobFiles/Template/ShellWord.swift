import JobModel

/// Words for a POSIX shell.
enum ShellWord {
  /// The text as one word of a shell's command line; `{{variables}}` in it stay. The host's variables have numbers and
  /// names as values, and need no quotes.
  static func quoted(_ text: String) -> String {
    let isPlain = withoutLateVariables(text).utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: "_-./:=@%+,".utf8.contains(byte)
      }
    }
    if isPlain, !text.isEmpty { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private static func withoutLateVariables(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
      let isLate = LateBinding.Variable(rest[open.upperBound..<close.lowerBound]) != nil
      result += isLate ? rest[..<open.lowerBound] : rest[..<close.upperBound]
      rest = rest[close.upperBound...]
    }
    return result + rest
  }
}
