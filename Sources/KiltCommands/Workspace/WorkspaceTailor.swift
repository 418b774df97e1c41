internal import ArgumentParser
internal import BuildFiles
internal import Diagnostics
internal import JSON
internal import Tailor
internal import TargetGraph
internal import Workspace

/// `kilt tailor`.
struct WorkspaceTailor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tailor", abstract: "Add missing targets to BUILD files, or fix their dependencies.",
    discussion: """
      Without --fix, adds targets for files without an owner: Python sources, tests and test utilities, requirements \
      files, py.typed, shell scripts. New targets follow the existing text of a BUILD file, which does not change. The \
      table [tailor] in kilt.toml or pants.toml sets which targets are added, and how.

      With --fix, removes dependency entries that inference makes redundant. If several targets provide a module, \
      excludes the unused ones with "!". The direct and transitive dependencies of targets stay the same.

      An entry with a comment "# keep" after it stays. Targets of macros and loops are listed and not changed.

      EXAMPLES
        kilt tailor ::                     add missing targets everywhere
        kilt tailor services/fiddler::     add missing targets below a directory
        kilt tailor --changed-since=HEAD   add targets for changed files
        kilt tailor --check ::             write nothing; fail if targets are missing
        kilt tailor --check --diff ::      show the changes, and write nothing
        kilt tailor --fix ::               fix dependencies

      EXIT CODES
        0  done
        1  with --check: a BUILD file needs changes
        2  invalid usage or input
      """)

  @OptionGroup var global: GlobalOptions

  // Exclusions begin with a dash: a text that is not an option is a spec.
  @Argument(
    parsing: .allUnrecognized,
    help: ArgumentHelp(
      "Where to look: DIR: (one directory), DIR:: (in and below DIR), FILE. Prefix with - to exclude.",
      valueName: "spec"))
  var words: [String] = []

  @Option(help: .changedSince)
  var changedSince: String?

  @Flag(help: .check)
  var check = false

  @Flag(help: "Show the changes as a unified diff.")
  var diff = false

  @Flag(help: "Fix dependencies instead of adding targets.")
  var fix = false

  @OptionGroup var output: FormatOption

  func validate() throws {
    if let option = words.first(where: { $0.hasPrefix("--") && $0 != "--" }) {
      throw ValidationError("Unknown option \"\(option)\"")
    }
  }

  func run() throws {
    if !check { try finishEarlierRun() }
    let session = try WorkspaceSession(global)
    let directories = try directories(session)
    let line = ProgressLine(.standardError, isQuiet: global.quiet)
    // Also of a run that fails: what is wrong stands alone.
    defer { line.finish() }
    let changes: [BuildFileChange]
    let remarks: [Diagnostic]
    if fix {
      let mending = try DependencyMending(
        session.workspace, session.resolver, directories: directories, progress: line.show)
      (changes, remarks) = (mending.changes, mending.leftAlone)
    } else {
      line.show("looking for files without targets")
      let proposals = try TargetProposals(session.workspace, session.graph, directories: directories)
      (changes, remarks) = (proposals.changes, proposals.warnings)
    }
    if !check {
      try ChangeJournal(session.workspace).carryOut(changes) { count in
        if count % 50 == 0 { line.show("writing BUILD files: \(count) of \(changes.count)") }
      }
    }
    line.finish()
    session.write(warnings: remarks)
    switch output.format {
    case .json: session.write(json(changes, remarks))
    case .text: session.write(lines: changes.flatMap(lines), as: .text)
    }
    if changes.isEmpty, remarks.isEmpty {
      global.note("nothing to do: " + (fix ? "no dependency is redundant or ambiguous" : "every file has a target"))
    }
    guard check, !changes.isEmpty else { return }
    let words = (fix ? ["--fix"] : []) + self.words.filter { $0 != "--" }
    let since = changedSince.map { ["--changed-since=\($0)"] } ?? []
    global.note("to write this: kilt tailor \((words + since).joined(separator: " "))")
    throw ExitCode(Blame.work.exitCode)
  }

  private func finishEarlierRun() throws {
    switch try ChangeJournal(try Workspace.find(from: try global.workingDirectory)).finish() {
    case .none: return
    case .finished(let count):
      global.note("finished an earlier run that was stopped: \(counted(count, "file")) written")
    case .outdated(let path):
      global.report(
        Diagnostic(.input, "an earlier run was stopped, and \"\(path)\" has changed since: starting again"), as: .note)
    }
  }

  private func directories(_ session: WorkspaceSession) throws -> [DirectoryID] {
    let files = session.graph.files
    let texts = words.filter { $0 != "--" }
    guard let changedSince else {
      guard !texts.isEmpty else {
        throw Diagnostic(
          .input, "no directories are named",
          remedies: ["run `kilt tailor ::` to look everywhere, or see `kilt tailor --help`"])
      }
      return try files.directories(selectedBy: try session.parse(texts))
    }
    guard texts.allSatisfy({ $0.hasPrefix("-") }) else {
      throw Diagnostic(
        .input, "--changed-since selects the directories: leave out \"\(texts.joined(separator: " "))\"")
    }
    let excluded = Set(
      try files.directories(selectedBy: try session.parse(texts.map { String($0.dropFirst()) })))
    let changed = files.directories(ofFiles: try session.workspace.git.changedFiles(since: changedSince))
    return changed.filter { !excluded.contains($0) }
  }

  // MARK: Output

  private func lines(_ change: BuildFileChange) -> [String] {
    if diff { return change.diff.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }
    let verb =
      switch (change.isNew, check) {
      case (true, true): "Would create"
      case (true, false): "Created"
      case (false, true): "Would update"
      case (false, false): "Updated"
      }
    return ["\(verb) \(change.path):"]
      + change.steps.map { step in
        switch step {
        case .addTarget(let target): "  - Add \(target.typeName) target \(target.name)"
        case .removeDependency(let entry, let target):
          "  - Remove \"\(entry)\" from \(target): inference leads to it"
        case .settle(let entry, let target, let need, let taken):
          "  - Add \"\(entry)\" to \(target): \"\(need)\" is taken from \(taken)"
        }
      }
  }

  private func json(_ changes: [BuildFileChange], _ remarks: [Diagnostic]) -> JSONValue {
    let changes = changes.map { change -> JSONValue in
      var object = JSONObject([
        ("path", .string(change.path)), ("action", change.isNew ? "create" : "update"),
        ("steps", .array(change.steps.map(json))),
      ])
      if diff { object["diff"] = .string(change.diff) }
      return .object(object)
    }
    let remarks = remarks.map { remark -> JSONValue in
      var object = JSONObject([("message", .string(remark.summary)), ("notes", .strings(remark.notes))])
      if let location = remark.location {
        object["path"] = .string(location.path)
        object["line"] = .int(Int64(location.line))
      }
      return .object(object)
    }
    return ["written": .bool(!check), "changes": .array(changes), "remarks": .array(remarks)]
  }

  private func json(_ step: BuildFileStep) -> JSONValue {
    switch step {
    case .addTarget(let target):
      [
        "kind": "add_target", "address": .string(target.address.description), "type": .string(target.typeName),
        "sources": .strings(target.sources),
      ]
    case .removeDependency(let entry, let target):
      ["kind": "remove_dependency", "address": .string(target), "entry": .string(entry)]
    case .settle(let entry, let target, let need, let taken):
      [
        "kind": "add_dependency", "address": .string(target), "entry": .string(entry), "need": .string(need),
        "taken": .string(taken),
      ]
    }
  }
}
