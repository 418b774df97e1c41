internal import Actions
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// A target that commands run: its start, and the files that must exist.
struct Runnable {
  /// The program and its first arguments; `{chroot}` means the directory of the inputs.
  var arguments: [String]
  var inputs = ActionInputs()
  var tools: [ActionTool] = []
  var sharedFolders: [String: FilePath] = [:]

  /// Adds the necessary files to an action.
  func add(to action: inout Action) throws {
    try action.inputs.merge(inputs)
    for tool in tools where !action.tools.contains(where: { $0.name == tool.name }) { action.tools.append(tool) }
    action.sharedFolders.merge(sharedFolders) { first, _ in first }
  }
}

extension TargetBuilder {
  /// The way in which commands run a target: a binary of the system, a `pex_binary`, a Python source, an executable
  /// file.
  func runnable(_ id: TargetID, for user: Target) throws -> Runnable {
    let target = graph[id]
    switch target.type {
    case .systemBinary: return try systemBinary(target)
    case .pexBinary: return try runnable(try resolver.bundlePlan(for: id))
    case .pythonSource, .pythonTest: return try runnable(try resolver.bundlePlan(ofSource: id))
    case .shellSource, .file, .resource:
      let path = target.file.map { graph.files.path(of: $0) } ?? ""
      var runnable = Runnable(arguments: ["{chroot}/" + path])
      runnable.inputs = try executionFiles(of: [id])
      if target.type == .shellSource {
        runnable.tools = [try ActionTool.find("bash", for: "\"\(user.address)\"")]
        runnable.arguments.insert("bash", at: 0)
      }
      return runnable
    default:
      throw Diagnostic(
        .input, "\"\(target.address)\" is a \(target.typeName), which \"\(user.address)\" cannot run",
        at: user.declaration.site.location(field: user.type == .adhocTool ? "runnable" : "runnable_dependencies"),
        remedies: ["name a pex_binary, a python_source, a system_binary, a shell_source or an executable file"])
    }
  }

  /// A bundle, started by the interpreter that it was packed for. It unpacks into a directory that runs share.
  private func runnable(_ plan: BundlePlan) throws -> Runnable {
    let path = ".kilt/runnable/\(plan.artifact).pex"
    var runnable = Runnable(arguments: ["python3", "{chroot}/" + path])
    runnable.tools = [try pythonTool(plan.interpreterConstraints)]
    try runnable.inputs.add(.file(try bundleFile(plan).file, isExecutable: true), at: path)
    runnable.sharedFolders["PEX_ROOT"] = store.root.appending("shared/pex-root")
    return runnable
  }

  /// The interpreter of a target as a tool by the name of `python3`.
  func pythonTool(_ constraints: [String]) throws -> ActionTool {
    let interpreter = try wheels.interpreter(constraints)
    let path = try FileSystem.canonicalPath(interpreter.path)
    var encoder = CanonicalEncoder()
    encoder.append(try SHA256Digest.ofFile(path).digest)
    encoder.append("\(interpreter.facts.version)")
    let prefix = path.removingLastComponent().removingLastComponent()
    let isOfSystem = path.string.hasPrefix("/usr/bin/")
    return ActionTool(name: "python3", path: path, digest: encoder.digest, folders: isOfSystem ? [] : [prefix])
  }

  /// `system_binary`: the first program of that name whose fingerprint matches.
  private func systemBinary(_ target: Target) throws -> Runnable {
    let name = target.value(of: "binary_name").string ?? ""
    let tool = try ActionTool.find(
      name, further: target.strings(of: "extra_search_paths"), for: "\"\(target.address)\"")
    if let pattern = target.value(of: "fingerprint").string {
      let regex: Regex<AnyRegexOutput>
      do {
        regex = try Regex(pattern)
      } catch {
        throw Diagnostic(
          .input, "the fingerprint of \"\(target.address)\" is not a regular expression",
          at: target.declaration.site.location(field: "fingerprint"), notes: ["\(error)"])
      }
      let outcome = try Subprocess(
        tool.path.string, target.strings(of: "fingerprint_args"), deadlineMilliseconds: 30_000
      ).run()
      guard try regex.firstMatch(in: outcome.text) != nil else {
        throw Diagnostic(
          .environment, "\"\(tool.path)\" does not match the fingerprint of \"\(target.address)\"",
          at: target.declaration.site.location(field: "fingerprint"),
          notes: ["it says: " + outcome.text.prefix(200)], remedies: ["install another version of \(name)"])
      }
    }
    return Runnable(arguments: [name], tools: [tool])
  }
}
