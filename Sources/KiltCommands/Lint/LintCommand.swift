internal import ArgumentParser

/// `kilt lint`.
struct LintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Check what a workspace declares.",
    discussion: """
      Kilt does not lint Python code: run your linter itself, such as `ruff check`. `kilt tailor --check ::` checks \
      BUILD files.

      EXAMPLES
        kilt lint deps                         every Python project
        kilt lint deps --package api           one of them

      EXIT CODES
        0 nothing found; 1 something found; 2 wrong usage or input;
        3 the machine lacks something
      """, subcommands: [LintDependencies.self])
}
