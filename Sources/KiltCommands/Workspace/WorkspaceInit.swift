internal import ArgumentParser
internal import Diagnostics
internal import SystemSupport

/// `kilt init`.
struct WorkspaceInit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make this folder the root of a workspace.",
    discussion: """
      Writes a kilt.toml that holds what most workspaces need; every key is explained in it. A file that is there \
      stays as it is.

      EXAMPLES
        kilt init
        kilt init -C ~/src/acme
      """)

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let directory = try global.workingDirectory
    for name in ["kilt.toml", "pants.toml"] where FileSystem.exists(directory.appending(name)) {
      throw Diagnostic(
        .input, "\"\(directory)\" is a workspace already: it has a \(name)",
        remedies: name == "kilt.toml" ? ["kilt list ::"] : ["\"kilt list ::\" works with it as it is"])
    }
    let path = directory.appending("kilt.toml")
    try FileSystem.write(text: Self.text(name: directory.lastComponent?.string ?? "workspace"), to: path)
    global.note("wrote \(path)")
    global.note("next: a BUILD file beside the code (python_sources(), pex_binary(...)), then kilt list ::")
  }

  static func text(name: String) -> String {
    // As a basic string of TOML.
    let quoted = name.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case let control where control.value < 0x20 || control.value == 0x7F: "_"
      default: String(scalar)
      }
    }.joined()
    return """
      # The workspace: everything below this directory.

      [workspace]
      name = "\(quoted)"
      # Where imports start: "/" is this directory, "src" every directory of that name.
      source_roots = ["/"]

      [python]
      interpreter_constraints = [">=3.8"]

      # The lockfile that "kilt lock" writes from the workspace's requirements.
      [python.resolves]
      default = "3rdparty/python/default.lock"

      # Where "kilt publish" puts bundles and pex-runner finds them: a directory from here, or s3://BUCKET/PREFIX.
      [repository]
      url = "file:.kilt/repository"

      # What "kilt job" talks to; "kilt scheduler" runs one on this machine.
      [clusters.devcluster]
      scheduler = "http://127.0.0.1:8081"

      # Jobs reach the stage "prod" only from a commit on this branch.
      [git]
      main_branch = "main"

      """
  }
}
