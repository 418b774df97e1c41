internal import ArgumentParser
internal import Diagnostics
internal import SystemSupport

/// Options every verb has.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: [.customShort("C"), .long], help: ArgumentHelp("Run as if started in this directory.", valueName: "path"))
  var directory: String?

  @Flag(name: .long, help: "Print only the requested output and errors.")
  var quiet = false

  /// The directory that the command works in.
  var workingDirectory: FilePath {
    get throws {
      guard let directory else { return try FileSystem.currentDirectory() }
      do throws(SystemCallError) {
        return try FileSystem.canonicalPath(FilePath(directory))
      } catch {
        throw Diagnostic(.input, "cannot use the directory \"\(directory)\" of --directory: \(error.errno)")
      }
    }
  }

  /// A line about the current work, for people: standard error, and nothing with `--quiet`.
  func note(_ line: String) {
    if !quiet { Terminal.standardError.print(line) }
  }

  /// Writes a diagnostic that does not end the command to standard error; nothing with `--quiet`.
  func report(_ diagnostic: Diagnostic, as label: DiagnosticRenderer.Label) {
    if !quiet { Terminal.standardError.write(diagnostic, as: label) }
  }

  /// Reports what the command does although something needs fixing.
  func warn(_ summary: String, notes: [String] = [], remedies: [String] = []) {
    report(Diagnostic(.input, summary, notes: notes, remedies: remedies), as: .warning)
  }
}

/// The form of a listing.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

/// `--format` of the listing verbs.
struct FormatOption: ParsableArguments {
  @Option(help: .format)
  var format = OutputFormat.text
}
