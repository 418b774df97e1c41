import Artifacts
import Bundles
import Diagnostics
import SystemSupport

/// The program `pex-runner`: runs published bundles by name and git commit.
public enum PexRunner {
  /// Does what the arguments (after the program's name) ask for, and returns the exit code. When a bundle is run, this
  /// process becomes it, and there is no return.
  public static func main(_ arguments: [String]) -> Int32 {
    claimStandardDescriptors()
    do {
      return try perform(try RunnerInvocation(parsing: arguments))
    } catch {
      let color = isTerminal(2) && (environmentVariable("NO_COLOR") ?? "").isEmpty
      writeText(DiagnosticRenderer(color: color).render(error), to: 2)
      return DiagnosticRenderer.exitCode(for: error)
    }
  }

  private static func perform(_ invocation: RunnerInvocation) throws -> Int32 {
    switch invocation.action {
    case .run(let reference, let arguments): try run(reference, arguments, invocation)
    case .fetch(let reference, let printPath): try fetch(reference, printPath: printPath, invocation)
    case .list(let name): try list(name, invocation)
    case .cacheUsage: try showCache()
    case .cacheEviction: try evict(invocation)
    case .help(let topic): writeText(RunnerHelp.text(topic), to: 1)
    case .version: writeText("pex-runner \(kiltVersion)\n", to: 1)
    }
    return 0
  }

  /// The bundle, from the cache or else from the repository.
  static func bundle(_ reference: ArtifactReference, _ invocation: RunnerInvocation) throws -> CachedBundle {
    let cache = try BundleCache.standard()
    let platform = invocation.platform ?? HostPlatform.current
    if let hit = try cache.lookUp(reference, platform: platform, verifying: invocation.verifies) { return hit }
    return try fetched(reference, platform, cache, invocation)
  }

  private static func fetched(
    _ reference: ArtifactReference, _ platform: HostPlatform, _ cache: BundleCache, _ invocation: RunnerInvocation
  ) throws -> CachedBundle {
    let start = monotonicNanoseconds()
    let repository = try RunnerConfiguration.repository(option: invocation.repository)
    let manifest = try repository.resolve(reference, platform: platform)
    let bundle = try cache.install(manifest, from: repository)
    if !invocation.isQuiet, let summary = bundle.fetched {
      let seconds = Double((monotonicNanoseconds() - start) / 10_000_000) / 100
      writeText(
        "pex-runner: fetched \(manifest.key) in \(seconds) s: \(summary.fetchedSegments) of \(summary.segments) segments, "
          + "\(RunnerText.size(summary.fetchedBytes)) of \(RunnerText.size(summary.bytes))\n", to: 2)
    }
    _ = try cache.evict(quota: try quota(invocation))
    unpack(bundle.path)
    return bundle
  }

  /// Unpacks what was fetched, so that its first start finds that done.
  private static func unpack(_ bundle: FilePath) {
    guard let root = BundleUnpacker.standardRoot else { return }
    do {
      _ = try BundleUnpacker(bundle, root: root)?.unpack()
    } catch {
      // The start unpacks by itself, elsewhere if need be, and says what is wrong.
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
