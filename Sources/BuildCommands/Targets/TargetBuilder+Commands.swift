internal import Actions
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Workspace

extension TargetBuilder {
  /// The action of a `shell_command` or an `adhoc_tool`; builds its dependencies first.
  func commandAction(_ id: TargetID) throws -> Action {
    let target = graph[id]
    var action = Action(name: target.address.description, arguments: [])
    action.environment = try commandEnvironment(target)
    action.timeoutSeconds = target.value(of: "timeout").int.map { Int($0) }
    let workdir = try directory(target, "workdir", relativeTo: target.address.directory)
    action.workingDirectory = workdir
    let runnables = try targets(named: "runnable_dependencies", of: target)
    let tool = try target.type == .adhocTool ? targets(named: "runnable", of: target).first : nil
    let dependencies = try targets(named: "execution_dependencies", of: target)
    var started: [TargetID: Runnable] = [:]
    try each([
      { action.inputs = try self.executionFiles(of: dependencies) },
      {
        let programs = runnables + (tool.map { [$0] } ?? [])
        for (id, found) in zip(programs, try self.each(programs) { try self.runnable($0, for: target) }) {
          started[id] = found
        }
      },
    ]) { try $0() }
    for name in target.strings(of: "tools") { try add(ActionTool.find(name, for: purpose(target)), to: &action) }
    for id in runnables {
      guard let found = started[id] else { continue }
      let name = graph[id].address.name
      try found.add(to: &action)
      let script = "#!/bin/sh\nexec \(found.arguments.joined(separator: " ")) \"$@\"\n"
      let content = try put(
        script.split(separator: "{chroot}", omittingEmptySubsequences: false).joined(separator: "\"$KILT_CHROOT\""))
      try action.inputs.add(.file(content, isExecutable: true), at: ".kilt/bin/" + name)
      action.searchFolders = [".kilt/bin"]
      action.environment["KILT_CHROOT"] = "{chroot}"
    }
    switch target.type {
    case .shellCommand:
      try add(ActionTool.find("bash", for: purpose(target)), to: &action)
      action.arguments = ["bash", "-c", target.value(of: "command").string ?? "", target.address.description]
    default:
      guard let found = tool.flatMap({ started[$0] }) else {
        throw Diagnostic(
          .input, "\"\(target.address)\" does not name a target to run",
          at: target.declaration.site.location(field: "runnable"))
      }
      try found.add(to: &action)
      action.arguments = found.arguments + target.strings(of: "args")
    }
    func output(_ field: String) throws -> [String] {
      try target.strings(of: field).map { text in
        // In place of a directory, a name for the directory itself.
        let path = text.hasPrefix("/") ? String(text.dropFirst()) : Paths.join(workdir, text)
        guard let normal = Paths.normalized(path) else { throw leadsOut(text, field, target) }
        return normal
      }
    }
    action.outputFiles = try output("output_files")
    action.outputFolders = try output("output_directories")
    action.outputMatch = Self.matchMode(target).actionMatch
    action.isCached = target.value(of: "cache_scope").string != "session"
    return action
  }

  /// Loading has refused invalid modes.
  private static func matchMode(_ target: Target) -> OutputsMatchMode {
    target.value(of: "outputs_match_mode").string.flatMap(OutputsMatchMode.init) ?? .all
  }

  /// Runs a command and returns its outputs by path from the workspace root.
  func runCommand(_ id: TargetID) throws -> ActionInputs {
    let target = graph[id]
    let action = try commandAction(id)
    let outcome = try run(action, for: target, field: target.type == .shellCommand ? "command" : "runnable")
    if target.value(of: "log_output").bool == true, !outcome.wasCached {
      for part in [outcome.result.standardOutput, outcome.result.standardError] {
        let text = try store.open(part.digest).map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        if !text.isEmpty { show(text.last == "\n" ? String(text.dropLast()) : text, of: target) }
      }
    }
    let missing = Self.matchMode(target).missing(from: outcome.outputs, of: action)
    if !missing.isEmpty {
      show("warning: \"\(target.address)\" did not create " + missing.joined(separator: ", "), of: target)
    }
    var outputs = outcome.outputs
    for (field, content) in [("stdout", outcome.result.standardOutput), ("stderr", outcome.result.standardError)] {
      guard let name = target.value(of: field).string else { continue }
      guard let path = Paths.normalized(Paths.join(action.workingDirectory, name)) else {
        throw leadsOut(name, field, target)
      }
      try outputs.insert(.file(content, isExecutable: false), at: path)
    }
    let root = try directory(target, "root_output_directory", relativeTo: action.workingDirectory)
    guard let stripped = outputs.stripped(of: root) else {
      throw Diagnostic(
        .input, "an output of \"\(target.address)\" is not in its root_output_directory \"\(root)\"",
        at: target.declaration.site.location(field: "root_output_directory"),
        notes: ["outputs: " + outputs.paths.prefix(20).joined(separator: ", ")])
    }
    return ActionInputs(stripped)
  }

  /// Runs an action; shows errors at a field of the target.
  ///
  /// - Parameter isNoted: whether its inputs belong to the target's build.
  func run(_ action: Action, for target: Target, field: String, isNoted: Bool = true) throws -> ActionOutcome {
    do {
      let outcome = try perform(action)
      if isNoted { try BuildHistory(workspace).record(try action.keyInputs, of: target.address) }
      return outcome
    } catch let error as ActionError {
      var diagnostic = error.diagnostic
      diagnostic.location = target.declaration.site.location(field: field)
      throw diagnostic
    }
  }

  func put(_ text: String) throws -> BlobReference {
    let bytes = Array(text.utf8)
    try store.put(bytes)
    return .of(bytes)
  }

  func add(_ tool: ActionTool, to action: inout Action) throws {
    if !action.tools.contains(where: { $0.name == tool.name }) { action.tools.append(tool) }
  }

  private func purpose(_ target: Target) -> String { "\"\(target.address)\"" }

  /// The variables of `extra_env_vars`, and those that make results the same on every machine.
  private func commandEnvironment(_ target: Target) throws -> [String: String] {
    var environment = Self.reproducibleEnvironment
    for text in target.strings(of: "extra_env_vars") {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      if parts.count == 2 {
        environment[parts[0]] = parts[1]
      } else if let value = environmentVariable(text) {
        environment[text] = value
      }
    }
    return environment
  }

  static let reproducibleEnvironment = ["LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": "315532800"]

  /// A field that names a directory: `.` and paths that begin with `./` are relative to `base`, all others to the
  /// workspace root.
  private func directory(_ target: Target, _ field: String, relativeTo base: String) throws -> String {
    let text = target.value(of: field).string ?? ""
    let path: String
    if text == "." {
      path = base
    } else if text.hasPrefix("./") {
      path = Paths.join(base, String(text.dropFirst(2)))
    } else {
      path = String(text.drop { $0 == "/" })
    }
    guard let normal = Paths.normalized(path) else { throw leadsOut(text, field, target) }
    return normal
  }

  private func leadsOut(_ text: String, _ field: String, _ target: Target) -> Diagnostic {
    Diagnostic(
      .input, "the \(field) \"\(text)\" of \"\(target.address)\" is outside the workspace",
      at: target.declaration.site.location(field: field, text: text))
  }
}
