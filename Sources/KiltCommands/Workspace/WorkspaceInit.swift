internal import ArgumentParser
internal import Diagnostics
internal import PythonProjects
internal import SystemSupport
internal import Workspace

/// `kilt init`.
struct WorkspaceInit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make this directory a workspace.",
    discussion: """
      Writes a kilt.toml with common settings, each with a comment. The Python versions come from pyproject.toml, the \
      source roots from existing directories. An existing kilt.toml never changes.

      EXAMPLES
        kilt init                 make the current directory a workspace
        kilt init -C ~/src/acme   make another directory a workspace

      EXIT CODES
        0  kilt.toml was written
        2  the directory is a workspace already
      """)

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let directory = try global.workingDirectory
    for name in ["kilt.toml", "pants.toml"] where FileSystem.exists(directory.appending(name)) {
      throw Diagnostic(
        .input, "\"\(directory)\" is already a workspace: it has a \(name)",
        remedies: ["run `kilt list ::` to list its targets"])
    }
    let path = directory.appending("kilt.toml")
    var layout = ProjectLayout.read(directory)
    layout.projectsDefineTargets = try Self.hasProjects(directory)
    try FileSystem.write(
      text: Self.text(name: directory.lastComponent?.string ?? "workspace", layout: layout), to: path)
    global.note("wrote \(path)")
    if let warning = try Self.unnamable(directory) { global.report(warning, as: .warning) }
    if let source = layout.constraintsSource {
      global.note("  Python \(layout.interpreterConstraints.joined(separator: ", ")), from \(source)")
    }
    if layout.projectsDefineTargets {
      global.note("  targets, source roots and packages: from pyproject.toml and the lockfile beside it")
      global.note("next:\n  kilt list ::      list the targets\n  kilt package ::   build the programs into dist")
      return
    }
    global.note("  source roots: \(layout.sourceRoots.joined(separator: ", "))")
    if layout.usesDjango {
      global.note("  Django: strings such as \"shop.settings\" count as imports")
    }
    global.note(
      """
      next:
        kilt tailor ::    write BUILD files for the sources, tests and requirements
        kilt lock         write the lockfile
        kilt test ::      run the tests
        kilt package ::   build the programs into dist
      """)
  }

  static func text(name: String, layout: ProjectLayout) -> String {
    let django = """
      # Django names settings and applications in strings, such as "shop.settings": they count as imports.
      [python.infer]
      string_imports = true
      string_imports_min_dots = 1


      """
    if layout.projectsDefineTargets { return projectText(name: name, layout: layout) }
    let strings = { (texts: [String]) in texts.map { "\"\(quoted($0))\"" }.joined(separator: ", ") }
    return """
      # The workspace is this directory and everything below it.

      [workspace]
      name = "\(quoted(name))"
      # Imports start at these directories: "/" is this directory, "src" every directory of that name.
      source_roots = [\(strings(layout.sourceRoots))]

      [python]
      interpreter_constraints = [\(strings(layout.interpreterConstraints))]
      # `kilt tailor` adds a pex_binary for each program: `__main__.py` and files with `if __name__ == "__main__":`.
      tailor_pex_binary_targets = true

      \(layout.usesDjango ? django : "")# `kilt lock` writes this lockfile from the workspace's requirements.
      [python.resolves]
      default = "3rdparty/python/default.lock"

      \(deliveryText(layout))
      """
  }

  /// A warning about names in the new workspace that are not UTF-8.
  private static func unnamable(_ directory: FilePath) throws -> Diagnostic? {
    do {
      let workspace = try Workspace.find(from: directory)
      return try workspace.scanFiles().unnamable(root: workspace.root)
    } catch is Diagnostic {
      // As above: other commands report it.
      return nil
    }
  }

  /// Whether the directory is a workspace without a `kilt.toml`, because Python projects define its targets.
  private static func hasProjects(_ directory: FilePath) throws -> Bool {
    do {
      let workspace = try Workspace.find(from: directory)
      return workspace.root == directory && workspace.configuration.projects != nil
    } catch is Diagnostic {
      // Problems of the projects are reported when they are used.
      return false
    }
  }

  /// The sections that publishing and jobs need, the same for every kind of workspace.
  private static func deliveryText(_ layout: ProjectLayout) -> String {
    """
    # `kilt publish` uploads bundles here, and pex-runner fetches them: a directory, or s3://BUCKET/PREFIX.
    [repository]
    url = "file:.kilt/repository"

    # `kilt job` talks to this scheduler. `kilt scheduler` runs one on this machine.
    [clusters.devcluster]
    scheduler = "http://127.0.0.1:8081"

    # Jobs in the stage "prod" must come from a commit on this branch.
    [git]
    main_branch = "\(quoted(layout.mainBranch))"

    """
  }

  private static func projectText(name: String, layout: ProjectLayout) -> String {
    """
    # The workspace is this directory and everything below it. Its targets, source roots and packages follow from
    # pyproject.toml and the lockfile beside it: see docs/uv-workspaces.md.

    [workspace]
    name = "\(quoted(name))"

    \(deliveryText(layout))
    """
  }

  /// The text as the inside of a basic string of TOML.
  private static func quoted(_ text: String) -> String {
    text.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case let control where control.value < 0x20 || control.value == 0x7F: "_"
      default: String(scalar)
      }
    }.joined()
  }
}
