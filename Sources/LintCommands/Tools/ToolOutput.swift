internal import BuildFiles
internal import JSON
internal import SystemSupport

/// What a tool said, as findings.
struct ToolOutput {
  /// The tool wrote something that is not its report.
  struct Garbage: Error {
    var reason: String
  }

  let step: ToolStep
  let outcome: Subprocess.Outcome
  /// The directory in which the tool ran, absolute.
  let directory: FilePath
  /// The top of the tree of the files, absolute.
  let root: FilePath

  /// The findings by path from the top of the tree.
  ///
  /// - Throws: ``Garbage``.
  func findings() throws -> [Finding] {
    switch step {
    case .ruffFormat: ruffFormatted()
    case .black: try formatted(prefix: "would reformat ", in: outcome.errorOutput) + blackErrors()
    case .isort: isorted()
    case .docformatter, .shfmt: listed()
    case .ruffCheck: try ruff()
    case .flake8: lines(severity: .error)
    case .pylint: try pylint()
    case .bandit: try bandit()
    case .shellcheck: try shellcheck()
    case .mypy: mypy()
    case .pyright, .basedpyright: try pyright()
    case .buildFiles: []
    }
  }

  // MARK: Formatters

  private func formatted(prefix: String, in bytes: [UInt8]) throws -> [Finding] {
    textLines(bytes).filter { $0.hasPrefix(prefix) }.map {
      Finding.unformatted(step, path(String($0.dropFirst(prefix.count))))
    }
  }

  /// Older versions of ruff say `Would reformat: PATH`, and write errors to the standard error.
  private func ruffFormatted() -> [Finding] {
    textLines(outcome.output + [0x0A] + outcome.errorOutput).compactMap { line in
      let old = "Would reformat: "
      if line.hasPrefix(old) { return .unformatted(step, path(String(line.dropFirst(old.count)))) }
      let pattern = #/(.+?)(?::([0-9]+):([0-9]+))?: (unformatted|io|invalid-syntax): (.*)/#
      if let match = line.wholeMatch(of: pattern) {
        let file = path(String(match.1))
        if match.4 == "unformatted" { return .unformatted(step, file) }
        return Finding(
          step: step, path: file, line: match.2.flatMap { Int($0) }, column: match.3.flatMap { Int($0) },
          rule: match.4 == "io" ? "read" : "syntax", message: String(match.5))
      }
      for (prefix, rule) in [("error: Failed to parse ", "syntax"), ("error: Failed to read ", "read")]
      where line.hasPrefix(prefix) {
        return placed(line.dropFirst(prefix.count), rule: rule)
      }
      return nil
    }
  }

  private func blackErrors() -> [Finding] {
    let lines = textLines(outcome.errorOutput)
    return lines.compactMap { line in
      for (prefix, rule) in [("error: cannot parse: ", "syntax"), ("error: cannot format ", "read")]
      where line.hasPrefix(prefix) {
        let rest = line.dropFirst(prefix.count)
        if rule == "read", let colon = rest.firstRange(of: ": ") {
          return Finding(
            step: step, path: path(String(rest[..<colon.lowerBound])), rule: rule,
            message: String(rest[colon.upperBound...]))
        }
        return placed(rest, rule: rule)
      }
      return nil
    }
  }

  /// `PATH:LINE:COLUMN: MESSAGE`, or `PATH: MESSAGE`.
  private func placed(_ text: Substring, rule: String, severity: Finding.Severity = .error) -> Finding? {
    if let match = text.wholeMatch(of: #/(.+?):([0-9]+):([0-9]+)(?:: ?(.*))?/#) {
      return Finding(
        step: step, path: path(String(match.1)), line: Int(match.2), column: Int(match.3), rule: rule,
        message: match.4.map(String.init) ?? "the file cannot be parsed", severity: severity)
    }
    guard let colon = text.firstRange(of: ": ") else { return nil }
    return Finding(
      step: step, path: path(String(text[..<colon.lowerBound])), rule: rule,
      message: String(text[colon.upperBound...]), severity: severity)
  }

  private func isorted() -> [Finding] {
    let (prefix, suffix) = ("ERROR: ", " Imports are incorrectly sorted and/or formatted.")
    return textLines(outcome.errorOutput + [0x0A] + outcome.output).compactMap { line in
      guard line.hasPrefix(prefix), line.hasSuffix(suffix) else { return nil }
      return .unformatted(step, path(String(line.dropFirst(prefix.count).dropLast(suffix.count))))
    }
  }

  /// docformatter and shfmt write a path a line; errors of shfmt have a place.
  private func listed() -> [Finding] {
    let bytes = step == .shfmt ? outcome.output : outcome.errorOutput + [0x0A] + outcome.output
    let listed = textLines(bytes).filter { !$0.isEmpty && !$0.contains(": ") }
      .map { Finding.unformatted(step, path(String($0))) }
    guard step == .shfmt else { return listed }
    return listed + textLines(outcome.errorOutput).compactMap { placed($0, rule: "syntax") }
  }

  // MARK: Linters

  private func ruff() throws -> [Finding] {
    try elements(try json()).map { element throws in
      guard let file = element["filename"]?.string, let message = element["message"]?.string else {
        throw Garbage(reason: "an entry has no file or message")
      }
      return Finding(
        step: step, path: path(file), line: number(element["location"]?["row"]),
        column: number(element["location"]?["column"]), rule: element["code"]?.string ?? "syntax", message: message,
        severity: element["severity"]?.string == "warning" ? .warning : .error,
        isFixable: element["fix"]?["applicability"]?.string == "safe")
    }
  }

  private func pylint() throws -> [Finding] {
    try elements(try json()).map { element throws in
      guard let file = element["path"]?.string, let message = element["message"]?.string else {
        throw Garbage(reason: "an entry has no path or message")
      }
      let kind = element["type"]?.string ?? ""
      return Finding(
        step: step, path: path(file), line: number(element["line"]),
        column: number(element["column"]).map { $0 + 1 }, rule: element["symbol"]?.string ?? "", message: message,
        severity: kind == "error" || kind == "fatal" ? .error : .warning)
    }
  }

  private func bandit() throws -> [Finding] {
    let report = try json()
    var found = try elements(report["results"]).map { element throws in
      guard let file = element["filename"]?.string, let message = element["issue_text"]?.string else {
        throw Garbage(reason: "an entry has no file or text")
      }
      return Finding(
        step: step, path: path(file), line: number(element["line_number"]),
        column: number(element["col_offset"]).map { $0 + 1 }, rule: element["test_id"]?.string ?? "", message: message,
        severity: element["issue_severity"]?.string == "HIGH" ? .error : .warning)
    }
    for error in report["errors"]?.array ?? [] {
      guard let file = error["filename"]?.string else { continue }
      found.append(
        Finding(step: step, path: path(file), rule: "read", message: error["reason"]?.string ?? "cannot be checked"))
    }
    return found
  }

  private func shellcheck() throws -> [Finding] {
    try elements(try json()["comments"]).map { element throws in
      guard let file = element["file"]?.string, let message = element["message"]?.string else {
        throw Garbage(reason: "an entry has no file or message")
      }
      return Finding(
        step: step, path: path(file), line: number(element["line"]), column: number(element["column"]),
        rule: number(element["code"]).map { "SC\($0)" } ?? "", message: message,
        severity: element["level"]?.string == "error" ? .error : .warning)
    }
  }

  private func lines(severity: Finding.Severity) -> [Finding] {
    textLines(outcome.output).compactMap { line in
      guard let match = line.wholeMatch(of: #/(.+?):([0-9]+):([0-9]+): ([A-Z]+[0-9]+) (.*)/#) else { return nil }
      return Finding(
        step: step, path: path(String(match.1)), line: Int(match.2), column: Int(match.3), rule: String(match.4),
        message: String(match.5), severity: severity)
    }
  }

  // MARK: Type checkers

  private func mypy() -> [Finding] {
    textLines(outcome.output).compactMap { line in
      let pattern = #/(.+?):([0-9]+):(?:([0-9]+):)? (error|warning|note): (.*?)(?:  \[([a-z0-9-]+)\])?/#
      guard let match = line.wholeMatch(of: pattern) else { return nil }
      return Finding(
        step: step, path: path(String(match.1)), line: Int(match.2), column: match.3.flatMap { Int($0) },
        rule: match.6.map(String.init) ?? "", message: String(match.5),
        severity: Finding.Severity(rawValue: String(match.4)) ?? .error)
    }
  }

  private func pyright() throws -> [Finding] {
    try elements(try json()["generalDiagnostics"]).compactMap { element throws -> Finding? in
      guard let message = element["message"]?.string else { throw Garbage(reason: "an entry has no message") }
      // One without a file is about the configuration.
      guard let file = element["file"]?.string, !file.isEmpty else { return nil }
      let start = element["range"]?["start"]
      return Finding(
        step: step, path: path(file), line: number(start?["line"]).map { $0 + 1 },
        column: number(start?["character"]).map { $0 + 1 }, rule: element["rule"]?.string ?? "", message: message,
        severity: element["severity"]?.string.flatMap { Finding.Severity(rawValue: $0) } ?? .note)
    }
  }

  // MARK: Parts

  private func textLines(_ bytes: [UInt8]) -> [Substring] {
    String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
  }

  private func json() throws -> JSONValue {
    do {
      return try JSONValue(parsing: outcome.output)
    } catch {
      throw Garbage(reason: "its standard output is not JSON: \(error)")
    }
  }

  private func elements(_ json: JSONValue?) throws -> [JSONValue] {
    guard let elements = json?.array else { throw Garbage(reason: "its JSON has no list of findings") }
    return elements
  }

  private func number(_ json: JSONValue?) -> Int? { json?.int.map { Int($0) } }

  /// A path of a report from the top of the tree; unchanged where it lies outside.
  private func path(_ text: String) -> String {
    let top = root.string + "/"
    if text.hasPrefix(top) { return String(text.dropFirst(top.count)) }
    if text.hasPrefix("/") { return text }
    let full = directory.string + "/" + text
    guard full.hasPrefix(top) else { return text }
    return Paths.normalized(String(full.dropFirst(top.count))) ?? text
  }
}
