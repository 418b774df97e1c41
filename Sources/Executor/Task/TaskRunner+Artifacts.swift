import Digests
import Glibc
import JobModel
import SystemSupport

/// The progress of fetching the artifacts of a task.
struct ArtifactFetch {
  var waiting: [TaskArtifact] = []
  /// The `pex-runner` at work, or nil.
  var child: Int32?
  var isVerifying = false
  var deadline: Duration?

  /// The time limit of an artifact.
  static let limit = Duration.seconds(1800)
}

extension TaskRunner {
  /// Fetches one artifact after the other with `pex-runner`, on the host: it has the cache and the credentials.
  func advanceFetch(at now: Duration) {
    if let deadline = fetch.deadline, now >= deadline, let child = fetch.child { kill(-child, SIGKILL) }
    guard fetch.child == nil, !fetch.isVerifying else { return }
    do throws(ExecutorError) {
      guard let artifact = fetch.waiting.first else { return begin() }
      try startFetch(of: artifact, at: now)
    } catch {
      end(.failed(reason: Self.text(error)))
    }
  }

  private func startFetch(of artifact: TaskArtifact, at now: Duration) throws(ExecutorError) {
    guard let program = Subprocess.find(options.pexRunner)?.string else {
      throw .missingProgram(name: options.pexRunner, package: "kilt")
    }
    let separator = artifact.hashType == .git ? "@" : ":"
    var arguments = ["fetch", artifact.name + separator + artifact.version]
    if let platform = artifact.platform { arguments += ["--platform", platform] }
    if let repository = options.repository { arguments += ["--repository", repository] }
    if let policy = options.trustPolicy { arguments += ["--policy", policy] }
    // Rules of a policy apply to stages; the assignment's stage is the one that the scheduler admitted.
    arguments += ["--stage", assignment.configuration.key.stage, "--print-path"]
    // A task unpacks into a directory of its own.
    arguments.append("--no-unpack")
    // Into files: it is never blocked, for any amount of output.
    let output = try Self.openLog(paths.run + "/fetch.output")
    defer { close(output) }
    let errors = try Self.openLog(paths.run + "/fetch.errors")
    defer { close(errors) }
    fetch.deadline = now + ArtifactFetch.limit
    fetch.child = try children.start(
      program, arguments: arguments, environment: hostEnvironment, output: output, errors: errors
    ) { [unowned self] status in
      fetch.child = nil
      fetch.deadline = nil
      do throws(ExecutorError) { try fetched(artifact, status) } catch { end(.failed(reason: Self.text(error))) }
    }
  }

  private static func openLog(_ path: String) throws(ExecutorError) -> Int32 {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .last("open", path) }
    return descriptor
  }

  private func fetched(_ artifact: TaskArtifact, _ status: ExitStatus) throws(ExecutorError) {
    // A stop that was asked for meanwhile has already ended the task.
    guard phase == .fetching else { return }
    guard status.isSuccess else {
      let message = Self.tail(SmallFile.read(paths.run + "/fetch.errors") ?? "")
      end(
        .failed(reason: "cannot fetch \(artifact.name)@\(artifact.version): \(message.isEmpty ? "\(status)" : message)")
      )
      return
    }
    let printed = SmallFile.read(paths.run + "/fetch.output") ?? ""
    let path = printed.split(separator: "\n").last.map(String.init) ?? ""
    guard path.hasPrefix("/") else {
      end(.failed(reason: "cannot fetch \(artifact.name)@\(artifact.version): pex-runner printed no path"))
      return
    }
    let place = try put(path, as: artifact)
    guard let expected = artifact.digest else { return added() }
    fetch.isVerifying = true
    try background.start(
      {
        do {
          // The runner's own list defines the input of the assignment's tree digest.
          let list = FilePath(path).removingLastComponent().appending("segments")
          if let tree = try Self.tree(list), tree.digest.hex == expected, try tree.matches(FilePath(place)) {
            return .digest(expected, problem: nil)
          }
          return .digest(try SHA256Digest.ofFile(FilePath(place)).digest.hex, problem: nil)
        } catch {
          return .digest(nil, problem: "\(error)")
        }
      },
      receive: { [unowned self] result in
        fetch.isVerifying = false
        guard phase == .fetching, case .digest(let found, let problem) = result else { return }
        if found == expected { return added() }
        let reason =
          found.map { "its SHA-256 is \($0), and the assignment says \(expected)" } ?? problem ?? "unreadable"
        end(.failed(reason: "cannot use \(artifact.name)@\(artifact.version): \(reason)"))
      })
  }

  /// The list of segments beside a cached bundle; nil where there is none.
  private static func tree(_ path: FilePath) throws(SystemCallError) -> TreeDigest? {
    do throws(SystemCallError) {
      return TreeDigest(parsing: try FileSystem.readText(path, limit: 4 << 20))
    } catch {
      if error.isMissing { return nil }
      throw error
    }
  }

  /// Gives the artifact a name in the task directory, so that it stays when the cache evicts it: a link if the task
  /// sees it read-only (and a symbolic link to that in its working directory), otherwise a separate copy.
  private func put(_ path: String, as artifact: TaskArtifact) throws(ExecutorError) -> String {
    guard ProcessGraph.isFileName(artifact.fileName) else {
      throw .badAssignment(path: paths.assignment, problem: "\"\(artifact.fileName)\" is not a file name")
    }
    let visible = sandbox?.artifacts
    let place = (visible == nil ? paths.sandbox : paths.artifacts) + "/" + artifact.fileName
    do throws(SystemCallError) {
      if visible == nil || link(path, place) != 0 {
        try FileSystem.copyFile(FilePath(path), to: FilePath(place), permissions: 0o755)
      }
      if let visible {
        try FileSystem.createSymbolicLink(
          at: FilePath(paths.sandbox + "/" + artifact.fileName), to: FilePath(visible + "/" + artifact.fileName))
      }
    } catch {
      throw ExecutorError(error, path: place)
    }
    return place
  }

  private func added() { fetch.waiting.removeFirst() }

  /// The last lines of a message, short enough for a record.
  static func tail(_ text: String) -> String {
    let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
    return String(lines.suffix(8).joined(separator: "; ").suffix(2000))
  }
}
