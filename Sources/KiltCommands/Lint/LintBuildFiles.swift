internal import ArgumentParser
internal import BuildFiles
internal import Diagnostics
internal import LintCommands
internal import SystemSupport
internal import Tailor
internal import TargetGraph
internal import Workspace

/// `kilt lint build-files`.
struct LintBuildFiles: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build-files", abstract: "Check BUILD files: format, order, unused loads, dependencies.",
    discussion: """
      Finds BUILD files that ruff would format, unsorted and repeated entries of lists, unused and repeated names of \
      `load`, and entries of `dependencies` that inference finds anyway. With --fix, changes the files; comments \
      stay. `kilt tailor --fix` shows changes to dependencies as a diff.

      EXAMPLES
        kilt lint build-files ::
        kilt lint build-files services::
        kilt lint build-files --fix ::

      EXIT CODES
        0  no findings, or all are fixed
        1  findings
        2  invalid usage or input
        3  the environment lacks something
      """)

  @OptionGroup var global: GlobalOptions

  // Exclusions begin with a dash: what is no option is a spec.
  @Argument(
    parsing: .allUnrecognized,
    help: ArgumentHelp("Directories: DIR: (one), DIR:: (and all below). Prefix with - to exclude.", valueName: "spec"))
  var words: [String] = []

  @OptionGroup var code: CodeOptions

  @Flag(help: "Change the files.")
  var fix = false

  func validate() throws {
    if let option = words.first(where: { $0.hasPrefix("--") && $0 != "--" }) {
      throw ValidationError("Unknown option \"\(option)\"")
    }
  }

  func run() throws {
    let texts = words.filter { $0 != "--" }
    guard !texts.isEmpty else {
      throw Diagnostic(
        .input, "no directories are named", remedies: ["run `kilt lint build-files ::` to check all BUILD files"])
    }
    var changed: Set<String> = []
    if fix {
      // Each pass sees what the one before has written.
      changed.formUnion(try write(try BuildFileCheck(texts, global, code).styleChanges()))
      changed.formUnion(try write(try BuildFileCheck(texts, global, code).redundancies().changes))
      changed.formUnion(try BuildFileCheck(texts, global, code).format().changed)
    }
    let check = try BuildFileCheck(texts, global, code)
    var report = try check.report()
    report.changed = changed.sorted()
    let isFixable = report.findings.contains { $0.isFixable }
    for path in report.changed { global.note("changed \(path)") }
    try check.session.finish(
      report, remedy: isFixable ? "fix: kilt lint build-files --fix \(texts.joined(separator: " "))" : nil)
  }

  private func write(_ changes: [BuildFileChange]) throws -> [String] {
    guard !changes.isEmpty else { return [] }
    let workspace = try Workspace.find(from: try global.workingDirectory)
    try ChangeJournal(workspace).carryOut(changes) { _ in }
    return changes.map(\.path)
  }
}

/// One look at the BUILD files of some directories.
private struct BuildFileCheck {
  let session: CodeSession
  private let directories: [DirectoryID]
  private let files: [CodeFile]
  private var workspace: Workspace { session.session.workspace }

  init(_ texts: [String], _ global: GlobalOptions, _ code: CodeOptions) throws {
    var targets = TargetOptions()
    targets.words = texts
    session = try CodeSession("lint", global, targets, code)
    let graph = session.session.graph
    directories = try graph.files.directories(selectedBy: try session.session.parse(texts))
    let patterns = session.configuration.buildPatterns.map { GlobPattern($0) }
    var found: [CodeFile] = []
    for directory in directories {
      for file in graph.files.files(in: directory) {
        let name = graph.files.name(of: file)
        guard patterns.contains(where: { $0.matches(name) }) else { continue }
        found.append(CodeFile(path: graph.files.path(of: file), file: file, in: graph.files))
      }
    }
    files = found.sorted { $0.path < $1.path }
  }

  /// Has ruff format the files.
  func format() throws -> CodeReport { try session.run { try $0.fix(files, [.ruffFormat]) }.0 }

  /// The files whose lists and loads are not as they should be.
  func styleChanges() throws -> [BuildFileChange] {
    try files.compactMap { file in
      BuildFileStyle.change(path: file.path, bytes: try workspace.read(file.path))
    }
  }

  /// Entries of `dependencies` that inference finds anyway.
  func redundancies() throws -> DependencyMending {
    try DependencyMending(workspace, session.session.resolver, directories: directories)
  }

  /// Everything that is to be said of the files.
  func report() throws -> CodeReport {
    var report = try session.run { try $0.check(files, [.ruffFormat]) }.0
    var findings: [Finding] = []
    for file in files {
      findings += BuildFileStyle(path: file.path, bytes: try workspace.read(file.path)).remarks.map { remark in
        Finding(
          step: .buildFiles, path: file.path, line: remark.line, column: remark.column, rule: remark.rule.rawValue,
          message: remark.message, isFixable: remark.isFixable)
      }
    }
    for change in try redundancies().changes {
      for step in change.steps {
        guard case .removeDependency(let entry, let target) = step else { continue }
        findings.append(
          Finding(
            step: .buildFiles, path: change.path, line: Self.line(of: entry, in: change.before ?? []),
            rule: "redundant-dependency", message: "\"\(entry)\" of \(target) is redundant: inference finds it",
            isFixable: true))
      }
    }
    report.steps.append(CodeReport.Step(step: .buildFiles, files: files.count))
    report.findings = (report.findings + findings).sorted { ($0.path, $0.line ?? 0) < ($1.path, $1.line ?? 0) }
    return report
  }

  private static func line(of entry: String, in bytes: [UInt8]) -> Int? {
    let text = String(decoding: bytes, as: UTF8.self)
    return text.firstRange(of: "\"\(entry)\"").map { range in
      text[..<range.lowerBound].utf8.count { $0 == 0x0A } + 1
    }
  }
}
