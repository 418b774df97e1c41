internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph

/// The packages that build backends need, installed by pip into a folder, once for an interpreter and a list of
/// requirements.
struct BuildEnvironment {
  var store: ContentStore
  var wheels: PlatformWheels

  private static let namespace = "build-environment-1"

  /// The installed packages as a tree.
  ///
  /// - Parameter requires: as in `[build-system]`.
  /// - Throws: `Diagnostic` when pip can not install them.
  func tree(_ requires: [String], constraints: [String], for target: Target) throws -> FileTree {
    let interpreter = try wheels.interpreter(constraints)
    var key = CanonicalEncoder()
    key.append(strings: requires)
    key.append(strings: interpreter.facts.abis + ["\(interpreter.facts.version)", "\(interpreter.facts.platform)"])
    if let root = try store.record(Self.namespace, key.digest).flatMap({ BlobReference(record: $0) }),
      let tree = try store.tree(root)
    {
      return tree
    }
    let tree = try install(requires, interpreter, target)
    let root = try store.put(tree)
    try store.setRecord(Self.namespace, key.digest, to: root.record)
    return tree
  }

  private func install(_ requires: [String], _ interpreter: Interpreter, _ target: Target) throws -> FileTree {
    var tree = FileTree()
    if requires.isEmpty { return tree }
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-build-environment")
    // What can not be removed is left to whoever cleans temporary folders.
    defer { try? FileSystem.removeTree(folder) }
    let pip = try pip(preferring: interpreter)
    var arguments = [
      "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-warn-script-location",
      "--target", folder.appending("site").string,
    ]
    if pip != interpreter.path {
      arguments += ["--python-version", "\(interpreter.facts.version)", "--only-binary", ":all:"]
    }
    let outcome = try Subprocess(pip.string, arguments + ["--"] + requires, deadlineMilliseconds: 600_000).run()
    guard outcome.termination.isSuccess else {
      throw Diagnostic(
        .environment,
        "pip can not install what the build of \"\(target.address)\" needs: \(requires.joined(separator: ", "))",
        at: target.declaration.site.location(),
        notes: [outcome.errorText.split(separator: "\n").suffix(10).joined(separator: "\n")],
        remedies: ["check that pip reaches its index: \(pip) -m pip download \(requires.joined(separator: " "))"])
    }
    try store.ingest(folder.appending("site"), as: "", into: &tree)
    return tree.filter { !$0.hasSuffix(".pyc") && !$0.hasPrefix("bin/") }
  }

  /// The interpreter itself when it has pip, else the first that has.
  private func pip(preferring interpreter: Interpreter) throws -> FilePath {
    for path in [interpreter.path] + wheels.interpreters().map(\.path) {
      let outcome = try Subprocess(path.string, ["-m", "pip", "--version"], deadlineMilliseconds: 60_000).run()
      if outcome.termination.isSuccess { return path }
    }
    throw Diagnostic(
      .environment, "no Python interpreter has pip, which installs build backends",
      remedies: ["apt-get install python3-pip"])
  }
}
