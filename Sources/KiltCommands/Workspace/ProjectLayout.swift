internal import JSON
internal import PythonPackaging
internal import SystemSupport
internal import TOML
internal import Workspace

/// The facts about an existing repository that `kilt init` writes into its `kilt.toml`.
struct ProjectLayout: Equatable {
  /// Interpreter constraints, from `requires-python` of a `pyproject.toml` or from Poetry's `python`.
  var interpreterConstraints = [">=3.8"]
  /// The file that named the constraints; nil for the default.
  var constraintsSource: String?
  /// Source roots as `kilt.toml` writes them: `/` for the root, a name for every directory of that name.
  var sourceRoots = ["/"]
  /// Whether Python projects with a lockfile define the targets, so that `kilt.toml` names no source roots and resolves.
  var projectsDefineTargets = false
  /// Whether a `manage.py` of Django exists: Django finds settings and applications by strings.
  var usesDjango = false
  /// The branch that is checked out, when it can be the main branch.
  var mainBranch = "main"

  /// Reads the files of a repository: at most the four upper levels of directories, and at most 20,000 entries.
  static func read(_ root: FilePath) -> ProjectLayout {
    var layout = ProjectLayout()
    layout.readProject(root)
    if let text = try? FileSystem.readText(root.appending("manage.py"), limit: 1 << 20) {
      layout.usesDjango = text.contains("DJANGO_SETTINGS_MODULE")
    }
    var budget = 20_000
    if findSourceDirectories(root, depth: 0, budget: &budget) { layout.sourceRoots.append("src") }
    if let branch = try? GitRepository(root: root).currentBranch(), ["main", "master", "trunk"].contains(branch) {
      layout.mainBranch = branch
    }
    return layout
  }

  private mutating func readProject(_ root: FilePath) {
    // A file that cannot be read or parsed contains no facts: `kilt tailor` and `kilt lock` report it with its
    // location.
    guard let bytes = try? FileSystem.read(root.appending("pyproject.toml"), limit: 4 << 20),
      let document = try? TOMLDocument(parsing: bytes)
    else { return }
    let project = document.root["project"]?.object
    let poetry = document.root["tool"]?.object?["poetry"]?.object?["dependencies"]?.object
    guard let text = project?["requires-python"]?.string ?? poetry?["python"]?.string.map(Self.specifiers(ofPoetry:)),
      SpecifierSet(text) != nil, !text.isEmpty
    else { return }
    interpreterConstraints = [text]
    constraintsSource = "pyproject.toml"
  }

  /// Poetry's `^3.9` and `~3.9` as the version specifiers of PEP 440; other texts as they are.
  static func specifiers(ofPoetry text: String) -> String {
    text.split(separator: ",").map { part in
      let trimmed = String(part.drop { $0 == " " })
      guard let sign = trimmed.first, sign == "^" || sign == "~", trimmed.dropFirst().first != "=" else {
        return trimmed
      }
      let numbers = trimmed.dropFirst().split(separator: ".").map { Int($0) }
      guard let major = numbers.first ?? nil else { return trimmed }
      let version = trimmed.dropFirst()
      if sign == "~", numbers.count > 1, let minor = numbers[1] { return ">=\(version),<\(major).\(minor + 1)" }
      return ">=\(version),<\(major + 1)"
    }.joined(separator: ",")
  }

  /// Finds directories named `src` that hold modules or packages and are not packages themselves.
  private static func findSourceDirectories(_ directory: FilePath, depth: Int, budget: inout Int) -> Bool {
    guard depth < 4, let entries = try? FileSystem.list(directory) else { return false }
    for entry in entries where entry.kind == .directory && entry.isValidName {
      budget -= 1
      guard budget > 0 else { return false }
      if entry.name.hasPrefix(".") || skipped.contains(entry.name) { continue }
      let path = directory.appending(entry.name)
      if FileSystem.exists(path.appending("pyvenv.cfg")) { continue }
      if entry.name == "src", isSourceRoot(path) { return true }
      if findSourceDirectories(path, depth: depth + 1, budget: &budget) { return true }
    }
    return false
  }

  private static func isSourceRoot(_ directory: FilePath) -> Bool {
    guard let entries = try? FileSystem.list(directory), !entries.contains(where: { $0.name == "__init__.py" }) else {
      return false
    }
    return entries.contains { entry in
      entry.name.hasSuffix(".py")
        || entry.kind == .directory && FileSystem.exists(directory.appending(entry.name).appending("__init__.py"))
    }
  }

  private static let skipped: Set<String> = ["node_modules", "__pycache__", "build", "dist", "venv", "env", "target"]
}
