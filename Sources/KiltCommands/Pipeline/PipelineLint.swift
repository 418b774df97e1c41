internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import PipelineFiles
internal import Pipelines
internal import SystemSupport

/// `kilt pipeline lint`.
struct PipelineLint: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Check pipeline files, without a server.",
    discussion: """
      Checks keys, values, names of steps and cycles. Reports every problem with its line and column.

      EXAMPLES
        kilt pipeline lint pipelines/pageviews.yaml
        kilt pipeline lint pipelines/*.yaml --format json

      EXIT CODES
        0  no errors
        2  errors
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Pipeline files.", valueName: "file"))
  var files: [String]

  @OptionGroup var output: FormatOption

  func run() throws {
    var problems: [Diagnostic] = []
    for file in files {
      do {
        _ = try PipelineFile.load(file, global)
      } catch let list as DiagnosticList {
        problems += list.diagnostics
      } catch let error as any DiagnosableError {
        problems.append(error.diagnostic)
      }
    }
    switch output.format {
    case .json: writeText(JSONValue.array(problems.map(Self.json)).text(.pretty) + "\n", to: 1)
    case .text:
      let renderer = DiagnosticRenderer(color: Terminal.standardOutput.usesColor)
      for problem in problems { writeText(renderer.render(problem, as: .error), to: 1) }
      Terminal.standardOutput.print("checked \(counted(files.count, "file")): \(counted(problems.count, "error"))")
    }
    if !problems.isEmpty { throw ExitCode(DiagnosticList(problems).blame.exitCode) }
  }

  private static func json(_ problem: Diagnostic) -> JSONValue {
    .members([
      "path": problem.location.map { .string($0.path) } ?? .null,
      "line": problem.location.map { .int(Int64($0.line)) } ?? .null,
      "column": problem.location?.column.map { .int(Int64($0)) } ?? .null, "message": .string(problem.summary),
      "notes": .strings(problem.notes), "remedies": .strings(problem.remedies),
    ])
  }
}

extension PipelineFile {
  /// Reads a pipeline file that a command line names.
  static func load(_ file: String, _ global: GlobalOptions) throws -> PipelineFile {
    let path = try global.workingDirectory.pushing(FilePath(file))
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(path, limit: 2 << 20)
    } catch {
      throw Diagnostic(.input, "cannot read the pipeline file \"\(file)\": \(error.errno)")
    }
    return try PipelineFile(parsing: bytes, path: file)
  }
}
