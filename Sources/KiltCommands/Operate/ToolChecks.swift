internal import Artifacts
internal import Diagnostics
internal import HostChecks
internal import PythonPackaging
internal import SystemSupport
internal import Workspace

/// Checks of the programs that builds start.
enum ToolChecks {
  /// The oldest version of git whose options Kilt uses.
  private static let oldestGit = (2, 25)

  static func git() -> Finding {
    guard let program = Subprocess.find("git") else {
      return Finding(
        "git", .warning, "not installed; bundles cannot be named by commit, and `--changed-since` fails",
        remedies: ["run `apt-get install git`"])
    }
    do throws(SystemCallError) {
      let text = try Subprocess(program.string, ["--version"], deadlineMilliseconds: 10_000).run().text
      let version = text.split(separator: " ").dropFirst(2).first.map(String.init) ?? text
      let parts = version.split(separator: ".").map { Int($0) ?? 0 }
      guard parts.count > 1, (parts[0], parts[1]) >= oldestGit else {
        return Finding(
          "git", .warning, "version \(version) is older than \(oldestGit.0).\(oldestGit.1)",
          remedies: ["install a newer version"])
      }
      return Finding("git", .good, "version \(version)")
    } catch {
      return Finding("git", .problem, error.description, remedies: ["run `apt-get install --reinstall git`"])
    }
  }

  /// The interpreters of this machine, and whether one meets the workspace's constraints.
  static func interpreters(_ workspace: Workspace?) -> Finding {
    let subject = "interpreters"
    let finder = InterpreterFinder(cacheFile: workspace?.stateDirectory.path.appending("interpreters.json"))
    let versions = finder.all().filter { $0.facts.version.release[0] >= 3 }.map { "\($0.facts.version)" }
    guard !versions.isEmpty else {
      return Finding(
        subject, .problem, "no Python 3 was found on the search path", remedies: ["run `apt-get install python3`"])
    }
    let constraints = (workspace?.configuration.interpreterConstraints ?? []).compactMap { InterpreterConstraint($0) }
    do throws(InterpreterError) {
      let chosen = try finder.find(constraints)
      return Finding(
        subject, .good, "\(versions.joined(separator: ", ")); builds use \(chosen.facts.version) at \"\(chosen.path)\"")
    } catch {
      let diagnostic = error.diagnostic
      return Finding(subject, .problem, diagnostic.summary, remedies: diagnostic.remedies)
    }
  }

  static func uv() -> Finding {
    guard let program = Subprocess.find("uv") else {
      return Finding("uv", .good, "not on the search path; `kilt lock` installs it into the cache with pip")
    }
    return Finding("uv", .good, "\"\(program)\"")
  }
}

/// The check of an artifact repository: one request for a manifest that does not exist.
enum RepositoryCheck {
  static func run(_ location: String, relativeTo root: FilePath?) -> Finding {
    let subject = "repository"
    do {
      let repository = try Repository(opening: location, relativeTo: root)
      guard let name = ArtifactName("kilt-doctor"), let commit = Commit(String(repeating: "0", count: 40)) else {
        throw Diagnostic(.defect, "the name of the check is not valid")
      }
      _ = try repository.manifest(ManifestKey(name: name, commit: commit, platform: .current))
      return Finding(subject, .good, "\(repository.location) answers")
    } catch let error as any DiagnosableError {
      let diagnostic = error.diagnostic
      return Finding(
        subject, .problem, ([diagnostic.summary] + diagnostic.notes).joined(separator: ": "),
        remedies: diagnostic.remedies)
    } catch {
      return Finding(subject, .problem, "\(error)", remedies: ["check the address \"\(location)\""])
    }
  }
}
