internal import JobModel
internal import Workspace

extension Workspace {
  /// The configuration with the commit that its files are from, and whether they are as in that commit. Outside of git
  /// both stay unknown: a scheduler that asks for them refuses the job and says so.
  func withProvenance(_ configuration: JobConfiguration) -> JobConfiguration {
    guard var source = configuration.source else { return configuration }
    do {
      source.commit = try git.headCommit()
      let dirty = Set(try git.dirtyFiles())
      source.isCommitted = [source.path, source.template].compactMap(\.self).allSatisfy { !dirty.contains($0) }
    } catch {
      return configuration
    }
    var configuration = configuration
    configuration.source = source
    return configuration
  }
}
