import Artifacts
import Diagnostics
import Glibc
import SystemSupport

extension PexRunner {
  /// The files of a release, from the runner cache or else from the artifact repository.
  static func release(
    _ name: ArtifactName, _ version: String, _ invocation: RunnerInvocation
  ) throws -> CachedRelease {
    let cache = ReleaseCache(try BundleCache.standard())
    let trust = try RunnerConfiguration.trust(invocation)
    let verifies = try RunnerConfiguration.verifies(invocation)
    var cached: ArtifactError?
    do throws(ArtifactError) {
      if let hit = try cache.lookUp(name, version, verifying: verifies, trust: trust) { return hit }
    } catch {
      guard error.isAboutCache else { throw error }
      cached = error
    }
    do {
      let repository = try RunnerConfiguration.repository(option: invocation.repository)
      return try cache.install(try repository.release(name, version), from: repository, trust: trust)
    } catch {
      if case .refused? = error as? ArtifactError { throw error }
      throw cached ?? error
    }
  }

  /// Becomes the one file of a release; a jar is run by `java -jar`.
  static func run(release name: ArtifactName, _ version: String, _ arguments: [String], _ invocation: RunnerInvocation)
    throws
  {
    let release = try release(name, version, invocation)
    guard release.files.count == 1 else {
      throw Diagnostic(
        .input, "cannot run \(name):\(version): it has \(release.files.count) files",
        notes: release.files.compactMap { $0.lastComponent?.string },
        remedies: ["`pex-runner path \(name):\(version)` prints their directory"])
    }
    let path = release.path.string
    var words = [path] + arguments
    if path.hasSuffix(".jar") {
      guard let java = Subprocess.find("java") else {
        throw Diagnostic(.environment, "cannot run \(name):\(version): java is not in PATH")
      }
      words = [java.string, "-jar"] + words
    }
    withCStrings(words) { arguments in _ = execv(words[0], arguments) }
    throw Diagnostic(
      .environment, "cannot execute \(name):\(version)", notes: ["\(path): \(String(cString: strerror(errno)))"])
  }
}
