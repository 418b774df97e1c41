import Archive
import Artifacts
import Bundles
import Diagnostics
import SystemSupport

/// The program `pex-runner`: runs published bundles by name and git commit.
public enum PexRunner {
  /// Carries out the arguments (after the program's name), and returns the exit code. To run a bundle, this process
  /// becomes the bundle and does not return.
  ///
  /// - Parameter name: the program's name in the call. A name other than `pex-runner` belongs to an installed tool.
  public static func main(_ arguments: [String], calledAs name: String = "pex-runner") -> Int32 {
    claimStandardDescriptors()
    let code = perform(arguments, calledAs: name)
    guard code == 0, let failure = standardOutputFailure() else { return code }
    let diagnostic = Diagnostic.unwritableOutput("\(failure)", isFull: failure == .noSpace)
    writeText(DiagnosticRenderer(color: isTerminal(2)).render(diagnostic), to: 2)
    return diagnostic.blame.exitCode
  }

  private static func perform(_ arguments: [String], calledAs name: String) -> Int32 {
    do {
      if let tool = try InstalledTool(calledAs: name) {
        return try perform(RunnerInvocation(tool: tool, arguments: arguments))
      }
      return try perform(try RunnerInvocation(parsing: arguments))
    } catch {
      let color = isTerminal(2) && (environmentVariable("NO_COLOR") ?? "").isEmpty
      writeText(DiagnosticRenderer(color: color).render(error), to: 2)
      return DiagnosticRenderer.exitCode(for: error)
    }
  }

  private static func perform(_ invocation: RunnerInvocation) throws -> Int32 {
    switch invocation.action {
    case .run(let selector, let arguments): try run(selector, arguments, invocation)
    case .fetch(let selector, let printPath): try fetch(selector, printPath: printPath, invocation)
    case .list(let name): try list(name, invocation)
    case .which(let name): try which(name)
    case .install(let selector): try install(selector, invocation)
    case .update(let names): try update(names, invocation)
    case .cacheList: try showCache(invocation)
    case .cacheEviction: try evict(invocation)
    case .cacheVerification: return try verifyCache()
    case .unpack(let archive, let directory):
      try ArchiveReader(FilePath(archive)).unpack(
        into: FilePath(directory), strips: invocation.strips, replaces: true)
    case .decompress(let file, let target): try ArchiveReader(FilePath(file)).decompress(to: FilePath(target))
    case .help(let topic): writeText(RunnerHelp.text(topic), to: 1)
    case .version: writeText("pex-runner \(kiltVersion)\n", to: 1)
    }
    return 0
  }

  /// The bundle, from the runner cache or else from the artifact repository.
  static func bundle(_ selector: ArtifactSelector, _ invocation: RunnerInvocation) throws -> CachedBundle {
    let cache = try BundleCache.standard()
    let platform = invocation.platform ?? ArtifactPlatform.current
    let trust = try RunnerConfiguration.trust(invocation)
    guard case .branch(let name, let branch) = selector else {
      // A commit needs no repository; a version is refused.
      guard case .commit(let reference) = selector else { throw ArtifactError.notABundle("\(selector)") }
      return try bundle(reference, platform, cache, trust, invocation)
    }
    let reference = try reference(name, branch, platform, cache, invocation)
    let bundle = try bundle(reference, platform, cache, trust.on(branch), invocation)
    let position = BranchPosition(commit: bundle.commit, created: bundle.created)
    let former = try cache.advance(name, on: branch, platform: platform, to: position, isStrict: !trust.isEmpty)
    if let former, !invocation.isQuiet {
      writeText(
        "pex-runner: \(selector) moved back from \(former.abbreviated) to \(bundle.commit.abbreviated)\n", to: 2)
    }
    return bundle
  }

  /// The commit of a branch. It is looked up in the artifact repository each time; without a connection, the last known
  /// commit counts.
  private static func reference(
    _ name: ArtifactName, _ branch: BranchName, _ platform: ArtifactPlatform, _ cache: BundleCache,
    _ invocation: RunnerInvocation
  ) throws -> ArtifactReference {
    let repository = try RunnerConfiguration.repository(option: invocation.repository)
    do throws(ArtifactError) {
      return try repository.reference(.branch(name, branch), platform: platform)
    } catch {
      guard case .unreachable = error, let last = try cache.lastPosition(of: name, on: branch, platform: platform)
      else { throw error }
      if !invocation.isQuiet {
        writeText(
          "pex-runner: cannot reach \(repository.location): using \(last.commit.abbreviated), the last known commit of "
            + "\(name)@\(branch)\n", to: 2)
      }
      return ArtifactReference(name: name, commit: CommitPrefix(last.commit))
    }
  }

  private static func bundle(
    _ reference: ArtifactReference, _ platform: ArtifactPlatform, _ cache: BundleCache, _ trust: TrustContext,
    _ invocation: RunnerInvocation
  ) throws -> CachedBundle {
    let verifies = try RunnerConfiguration.verifies(invocation)
    var cached: ArtifactError?
    do throws(ArtifactError) {
      if let hit = try cache.lookUp(reference, platform: platform, verifying: verifies, trust: trust) { return hit }
    } catch {
      guard error.isAboutCache else { throw error }
      cached = error
    }
    do {
      return try fetched(reference, platform, cache, trust, invocation)
    } catch {
      // The artifact repository can have got a signature since the bundle was cached. If not, the first answer stays.
      if case .refused? = error as? ArtifactError { throw error }
      throw cached ?? error
    }
  }

  private static func fetched(
    _ reference: ArtifactReference, _ platform: ArtifactPlatform, _ cache: BundleCache, _ trust: TrustContext,
    _ invocation: RunnerInvocation
  ) throws -> CachedBundle {
    let start = monotonicNanoseconds()
    let repository = try RunnerConfiguration.repository(option: invocation.repository)
    let evidence = try repository.admitted(
      try repository.resolveEvidence(reference, platform: platform, signedBy: trust.keyIDs), by: trust)
    let bundle = try cache.install(evidence, from: repository, trust: trust)
    if !invocation.isQuiet, let summary = bundle.fetched {
      let seconds = Double((monotonicNanoseconds() - start) / 10_000_000) / 100
      writeText(
        "pex-runner: fetched \(evidence.manifest.key) in \(seconds) s: \(summary.fetchedSegments) of "
          + "\(summary.segments) segments, \(RunnerText.size(summary.fetchedBytes)) of "
          + "\(RunnerText.size(summary.bytes))\n", to: 2)
    }
    _ = try cache.evict(quota: try quota(invocation))
    if invocation.unpacks { unpack(bundle.path) }
    return bundle
  }

  /// Unpacks the fetched bundle before its first start.
  private static func unpack(_ bundle: FilePath) {
    guard let root = BundleUnpacker.standardRoot else { return }
    do {
      _ = try BundleUnpacker(bundle, root: root)?.unpack()
    } catch {
      // The start unpacks it anyway, elsewhere if necessary, and reports the problem.
    }
  }

  /// `--max-size`, else `KILT_RUNNER_CACHE_SIZE`, else 10 GiB.
  static func quota(_ invocation: RunnerInvocation) throws -> Int64 {
    if let quota = invocation.quota { return quota }
    guard let text = environmentVariable("KILT_RUNNER_CACHE_SIZE"), !text.isEmpty else {
      return BundleCache.defaultQuota
    }
    return try RunnerArguments.size(text)
  }
}
