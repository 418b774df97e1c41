// PythonCommands: `kilt test`, `run`, `repl` and `export`. This directory contains tests: the visible files of each,
// the lookup of known results, the runs of the others, and reports.

public import BuildFiles
public import TargetGraph

/// All facts of the graph that the run of one test file needs.
public struct TestPlan: Sendable {
  /// The target, a `python_test`.
  public var target: TargetID
  public var address: Address
  /// The test file, from the workspace root.
  public var file: String
  /// The files of its closure, itself among them, by path in the tree.
  public var files: [TreeFile]
  /// The requirements of its closure (PEP 508), with the target each comes from.
  public var requirements: [(text: String, address: Address)]
  /// The source roots of its Python files, its own first, from the workspace root.
  public var sourceRoots: [String]
  /// The lockfile of its resolve, from the workspace root; nil where resolves are not in use.
  public var lockfile: String?
  public var interpreterConstraints: [String]
  /// Seconds; nil where the field is not given.
  public var timeout: Int?
  /// `NAME=value`, or `NAME` for the value that Kilt itself has.
  public var environment: [String]
  /// Workers of pytest-xdist; nil where the field is not given.
  public var workers: Int?
  /// Targets of its closure that have to be built first: generated files, distributions.
  public var made: [TargetID]
  /// Requirements of its closure on Python projects of the workspace, whose metadata the test sees.
  public var projects: [TargetID] = []
  /// The packages that are built and put into the tree.
  public var packages: [TargetID]

  /// Adds files that make packages of the directories of generated files.
  mutating func add(packageFiles paths: Set<String>) {
    files = paths.union(files.map(\.path)).map { TreeFile(treePath: $0, path: $0) }.sorted { $0.treePath < $1.treePath }
  }
}
