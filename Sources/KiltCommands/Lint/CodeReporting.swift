internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import LintCommands
internal import SystemSupport

/// Writes the report of `kilt fmt`, `kilt lint` or `kilt check` in the chosen format, to a file or to standard output.
struct CodeReporting {
  let verb: String
  let global: GlobalOptions
  let options: CodeOptions

  /// Writes a report. Ends with exit code 1 if there are findings, or 3 if the environment lacks something.
  ///
  /// - Parameter remedy: the command that fixes what was found.
  func finish(_ report: CodeReport, remedy: String?) throws {
    let text = CodeText(report, verb: verb, color: Terminal.standardOutput.usesColor)
    switch options.format {
    case .text:
      if let file = options.output { try write(text.findings, to: file) } else { writeText(text.findings, to: 1) }
    case .json: try write(CodeForms.json(report).text(.pretty) + "\n")
    case .sarif: try write(CodeForms.sarif(report, version: kiltVersion).text(.pretty) + "\n")
    case .github: try write(CodeForms.github(report))
    case .junit: try write(CodeForms.junit(report))
    }
    if options.format != .text, options.output != nil { writeText(text.findings, to: 1) }
    let renderer = DiagnosticRenderer(color: Terminal.standardError.usesColor)
    for failure in report.failures { writeText(renderer.render(failure.diagnostic), to: 2) }
    if !global.quiet || !report.isClean {
      writeText(text.summary(Terminal.standardError.usesColor), to: 2)
      if !report.isClean, let remedy { Terminal.standardError.print(remedy) }
    }
    if let blame = report.blame { throw ExitCode(blame.exitCode) }
  }

  private func write(_ text: String) throws {
    if let file = options.output { try write(text, to: file) } else { writeText(text, to: 1) }
  }

  private func write(_ text: String, to file: String) throws {
    // Relative to the working directory, like every path of the command line.
    let path = try global.workingDirectory.pushing(FilePath(file))
    try FileSystem.createDirectories(path.removingLastComponent())
    try FileSystem.write(text: text, to: path)
    global.note("wrote \(file)")
  }

  /// A command that names the files of findings, or all files where there are many.
  func command(_ words: String, _ paths: Set<String>) -> String {
    let only = options.only.map { " --only \($0)" }.joined()
    let places = paths.count <= 5 ? paths.sorted().map { "//" + $0 }.joined(separator: " ") : "::"
    return "kilt \(words)\(only) \(places)"
  }
}

extension CodeReport {
  /// Who can do something about what was found; nil where there is nothing.
  var blame: Blame? {
    if isClean { return nil }
    return failures.contains { $0.diagnostic.blame == .environment } ? .environment : .work
  }
}
