internal import Diagnostics
internal import Glibc
internal import Synchronization

/// An extended regular expression of POSIX (regex(7)) that lines are held against.
final class LogPattern: Sendable {
  private let expression: Mutex<regex_t>

  init(_ text: String, ignoresCase: Bool) throws {
    var expression = regex_t()
    let code = regcomp(&expression, text, REG_EXTENDED | REG_NOSUB | (ignoresCase ? REG_ICASE : 0))
    guard code == 0 else {
      var message = [CChar](repeating: 0, count: 200)
      regerror(code, &expression, &message, message.count)
      let reason = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw Diagnostic(
        .input, "invalid pattern \"\(text)\" in --grep: \(reason)",
        remedies: ["write an extended regular expression, such as \"time(out|d out)\""])
    }
    self.expression = Mutex(expression)
  }

  deinit { expression.withLock { regfree(&$0) } }

  func matches(_ line: [UInt8]) -> Bool {
    expression.withLock { expression in
      var match = regmatch_t(rm_so: 0, rm_eo: regoff_t(line.count))
      return line.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else {
          return regexec(&expression, "", 0, nil, 0) == 0
        }
        // The line has no NUL at its end: its length is in `match` (REG_STARTEND).
        return regexec(&expression, start, 0, &match, REG_STARTEND) == 0
      }
    }
  }
}
