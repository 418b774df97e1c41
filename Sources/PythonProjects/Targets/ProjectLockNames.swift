/// The requirements that name entries of `uv.lock` beyond packages and their extras. The names follow PEP 508, so that
/// requirements stay valid.
public enum ProjectLockNames {
  /// The package that represents the dependency groups of a workspace root without `[project]`.
  public static let root = "kilt-workspace-root"
  /// The extra that leaves out a project's own dependencies.
  public static let groupsOnly = "kilt-only-groups"

  /// The extra that represents a dependency group.
  public static func group(_ name: String) -> String { groupPrefix + normalizedProjectName(name) }
  /// The prefix of the extras of groups.
  public static let groupPrefix = "kilt-group-"
}
