internal import ArgumentParser
internal import Diagnostics
internal import SystemSupport

/// Options every verb has.
struct GlobalOptions: ParsableArguments {
  @Option(name: [.customShort("C"), .long], help: ArgumentHelp("Run as if started in this folder.", valueName: "path"))
  var directory: String?

  @Flag(name: .long, help: "Say only what was asked for and what went wrong.")
  var quiet = false

  /// The folder the command works from.
  var workingDirectory: FilePath {
    get throws {
      guard let directory else { return try FileSystem.currentDirectory() }
      do throws(SystemCallError) {
        return try FileSystem.canonicalPath(FilePath(directory))
      } catch {
        throw Diagnostic(.input, "the folder \"\(directory)\" of --directory cannot be used: \(error.errno)")
      }
    }
  }

  /// A line about what is being done, for people: standard error, and nothing with `--quiet`.
  func note(_ line: String) {
    if !quiet { Terminal.standardError.print(line) }
  }
}

/// The form of a listing.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

/// `--format` of the listing verbs.
struct FormatOption: ParsableArguments {
  @Option(help: "The form of the output: text for people, json for programs.")
  var format = OutputFormat.text
}
