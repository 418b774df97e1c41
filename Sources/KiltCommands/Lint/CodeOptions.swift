internal import ArgumentParser
internal import Diagnostics
internal import LintCommands
internal import SystemSupport

/// The forms of reports on code.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json, sarif, github, junit
}

/// The options of `kilt fmt`, `kilt lint` and `kilt check`.
struct CodeOptions: ParsableArguments {
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Run only this tool, such as ruff, ruff-format or mypy. Repeatable.", valueName: "tool"))
  var only: [String] = []

  @Option(help: .format)
  var format = ReportFormat.text

  @Option(help: ArgumentHelp("Write the report to this file, and the text to the terminal.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Number of tools to run in parallel. Default: number of processors.", valueName: "n"))
  var jobs: Int?

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
  }
}

extension ToolStep {
  /// The steps of `--only`, in their order.
  ///
  /// - Parameters:
  ///   - role: those that the command runs.
  ///   - verb: the command, for messages.
  static func named(_ names: [String], among roles: Set<Role>, verb: String) throws -> [ToolStep] {
    let possible = allCases.filter { roles.contains($0.role) }
    let words = Set(possible.flatMap { [$0.rawValue, $0.tool.rawValue] }).sorted()
    var found: Set<ToolStep> = []
    for name in names {
      let steps = ToolStep.named(name).filter { roles.contains($0.role) }
      guard !steps.isEmpty else {
        let other = ToolStep.named(name).first.map { step in
          "run `kilt \(step.role.verb) --only \(name)`, which runs \(name)"
        }
        throw Diagnostic(
          .input, "unknown tool \"\(name)\" of `kilt \(verb)`",
          notes: ["known tools: " + words.joined(separator: ", ")],
          remedies: (other ?? Suggestions.remedy(for: name, among: words)).map { [$0] } ?? [])
      }
      found.formUnion(steps)
    }
    return possible.filter(found.contains)
  }
}

extension ToolStep.Role {
  /// The command that runs such steps.
  var verb: String {
    switch self {
    case .format: "fmt"
    case .lint: "lint"
    case .types: "check"
    case .buildFiles: "lint build-files"
    }
  }
}
