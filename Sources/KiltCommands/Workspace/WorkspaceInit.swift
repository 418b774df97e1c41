internal import ArgumentParser
internal import Diagnostics
internal import SystemSupport

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
    let layout = ProjectLayout.read(directory)
    try FileSystem.write(
      text: Self.text(name: directory.lastComponent?.string ?? "workspace", layout: layout), to: path)
    global.note("wrote \(path)")
    if let source = layout.constraintsSource {
      global.note("  Python \(layout.interpreterConstraints.joined(separator: ", ")), from \(source)")
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
