internal import ArgumentParser
internal import Diagnostics
internal import Starlark
internal import SystemSupport

/// `kilt starlark`: the language alone.
struct StarlarkRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "starlark", abstract: "Run one Starlark file, without a workspace.",
    discussion: """
      The output of the file goes to standard output. An error goes to standard error, with the call stack.

      EXAMPLES
        kilt starlark macros.star
      """)

  @Argument(help: "Starlark file to run.")
  var file: String

  func run() throws {
    let text: String
    do throws(SystemCallError) {
      text = try FileSystem.readText(FilePath(file), limit: 64 << 20)
    } catch {
      throw Diagnostic(error.isMissing ? .input : .environment, error.description)
    }
    do {
      let program = try Program(text: text, file: file, dialect: .standard, environment: Environment([:]))
      let thread = StarlarkThread(limits: .standard)
      thread.print = { line, _ in writeText(line + "\n", to: 1) }
      _ = try thread.execute(program)
    } catch let error as StarlarkError {
      writeText(error.traceback + "\n", to: 2)
      throw ExitCode(Blame.input.exitCode)
    }
  }
}
