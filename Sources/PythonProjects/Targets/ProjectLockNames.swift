/// How requirements name what `uv.lock` knows beyond packages and their extras. Names are those of PEP 508, so that
/// requirements stay requirements.
public enum ProjectLockNames {
  /// The package that stands for the dependency groups of a workspace root without `[project]`.
  public static let root = "kilt-workspace-root"
  /// The extra that leaves out a project's own dependencies.
  public static let groupsOnly = "kilt-only-groups"

  /// The extra that stands for a dependency group.
  public static func group(_ name: String) -> String { groupPrefix + normalizedProjectName(name) }
  /// What the extras of groups begin with.
  public static let groupPrefix = "kilt-group-"
}
