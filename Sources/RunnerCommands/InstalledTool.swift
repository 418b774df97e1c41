import Artifacts
import Diagnostics
import SystemSupport

/// A tool by name: a link `fiddler → pex-runner` and beside it the file `fiddler.ref`, which defines what the link
/// runs.
///
/// The file has a line `NAME = "VALUE"` for each of: `artifact`, which `pex-runner update` follows; `commit`, which
/// runs; `repository` and `platform`, if the installation named them.
struct InstalledTool {
  /// The link.
  var link: FilePath
  /// The artifact that the installation named.
  var artifact: ArtifactSelector
  var commit: Commit
  var repository: String?
  var platform: ArtifactPlatform?

  var referenceFile: FilePath { FilePath(link.string + ".ref") }

  /// The commit that runs: a fixed one, so that a start sends no request.
  var target: ArtifactSelector {
    .commit(ArtifactReference(name: artifact.name, commit: CommitPrefix(commit)))
  }

  /// The tool of a program's name; nil for `pex-runner` itself.
  ///
  /// - Throws: `Diagnostic` for another name without a usable file beside the link.
  init?(calledAs name: String) throws {
    let base = FilePath(name).lastComponent?.string ?? name
    guard base != "pex-runner", !base.isEmpty else { return nil }
    guard let link = Subprocess.find(name) ?? Subprocess.find("./" + name) else {
      throw Diagnostic(.input, "cannot find the link \"\(name)\" that pex-runner was started by")
    }
    self = try InstalledTool(link: link)
  }

  /// Reads the file beside a link.
  init(link: FilePath) throws {
    let path = FilePath(link.string + ".ref")
    let text: String
    do throws(SystemCallError) {
      text = try FileSystem.readText(path, limit: 1 << 16)
    } catch {
      throw Diagnostic(
        .input, "\"\(link)\" is not an installed tool: \(error.description)",
        remedies: ["install it: `pex-runner install NAME@COMMIT --as \(link.lastComponent?.string ?? "NAME")`"])
    }
    var values: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      let parts = line.split(separator: "=", maxSplits: 1).map { part in
        String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
      guard parts.count == 2, parts[1].count >= 2, parts[1].hasPrefix("\""), parts[1].hasSuffix("\"") else {
        throw Self.damaged(path, "a line is not NAME = \"VALUE\"")
      }
      values[parts[0]] = String(parts[1].dropFirst().dropLast())
    }
    guard let artifact = values["artifact"], let commit = values["commit"].flatMap({ Commit($0) }) else {
      throw Self.damaged(path, "it lacks \"artifact\" or \"commit\"")
    }
    self.link = link
    self.artifact = try ArtifactSelector(parsing: artifact)
    self.commit = commit
    repository = values["repository"]
    platform = try values["platform"].map { try ArtifactPlatform(validating: $0) }
  }

  init(
    link: FilePath, artifact: ArtifactSelector, commit: Commit, repository: String?, platform: ArtifactPlatform?
  ) {
    self.link = link
    self.artifact = artifact
    self.commit = commit
    self.repository = repository
    self.platform = platform
  }

  private static func damaged(_ path: FilePath, _ reason: String) -> Diagnostic {
    Diagnostic(
      .input, "cannot use \"\(path)\": \(reason)", remedies: ["install the tool again with `pex-runner install`"])
  }

  var text: String {
    var lines = ["# Written by pex-runner install.", "artifact = \"\(artifact)\"", "commit = \"\(commit)\""]
    if let repository { lines.append("repository = \"\(repository)\"") }
    if let platform { lines.append("platform = \"\(platform)\"") }
    return lines.joined(separator: "\n") + "\n"
  }
}
