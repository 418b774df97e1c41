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
    commandName: "tailor", abstract: "Add targets for files that have none to BUILD files; mend dependencies.",
    discussion: """
      Without --fix, files that no target owns get targets: Python sources, tests and test utilities, requirements \
      files, py.typed, shell scripts. Targets are added behind what a BUILD file holds; nothing in it is changed. \
      [tailor] in kilt.toml or pants.toml says what is added and how.

      With --fix, dependencies are mended instead: entries that inference makes redundant are taken out, and where \
      several targets provide a module, the others are taken away with "!". What targets depend on, directly or not, \
      stays as it is. An entry with a comment "# keep" behind it stays; targets of macros and loops are named and left \
      alone.

      EXAMPLES
        kilt tailor ::                       add what is missing, everywhere
        kilt tailor services/fiddler::       there and below
        kilt tailor --changed-since=HEAD     where files have changed
        kilt tailor --check ::               write nothing; fail when some is missing
        kilt tailor --check --diff ::        and show what would be written
        kilt tailor --fix ::                 mend dependencies
      """)

  @OptionGroup var global: GlobalOptions

  // Exclusions begin with a dash: what is no option is a spec.
  @Argument(
    parsing: .allUnrecognized,
    help: ArgumentHelp(
      "Where to look: path: (a directory), path:: (and below), path/file.py, -path:: to leave out.", valueName: "spec"))
  var words: [String] = []

  @Option(
    help: ArgumentHelp(
      "Look where files have changed since this git revision, uncommitted changes included.", valueName: "rev"))
  var changedSince: String?

  @Flag(help: "Write nothing; exit code 1 when something would be written.")
  var check = false

  @Flag(help: "Show the changes in the form of diff -u.")
  var diff = false

  @Flag(help: "Mend dependencies instead of adding targets.")
  var fix = false

  @OptionGroup var output: FormatOption

  func validate() throws {
    if let option = words.first(where: { $0.hasPrefix("--") && $0 != "--" }) {
      throw ValidationError("Unknown option '\(option)'")
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
      global.note("finished an earlier run that was stopped: \(count) \(count == 1 ? "file" : "files") written")
    case .outdated(let path):
      global.note("note: an earlier run was stopped, and \"\(path)\" has changed since: it is begun anew")
    }
  }

  private func directories(_ session: WorkspaceSession) throws -> [DirectoryID] {
    let files = session.graph.files
    let texts = words.filter { $0 != "--" }
    guard let changedSince else {
      guard !texts.isEmpty else {
        throw Diagnostic(
          .input, "no directories are named",
          remedies: ["\"kilt tailor ::\" looks everywhere; \"kilt tailor --help\" shows how to name some"])
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
