internal import BuildFiles
internal import Digests
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// A call of a tool, for any files that may be in it together.
struct StepPlan: Sendable {
  var step: ToolStep
  var program: FilePath
  /// The arguments before the files, of a call that says what is wrong.
  var arguments: [String]
  /// Those of a call that changes the files.
  var fixArguments: [String]
  /// From the workspace root.
  var directory: String
  /// The variables that are the same in every run.
  var variables: [String]
  /// Those without a known result, with what their results are kept by.
  var files: [Planned] = []
  /// Those whose known result is a finding.
  var known: [String] = []

  /// A file that a call is to have.
  struct Planned: Sendable {
    /// From the workspace root.
    var path: String
    var key: FileKey
    var context: SHA256Digest
    /// In the state of a whole run.
    var file: FileID?
    /// For tools that see what files import; empty for others.
    var targets: [TargetID] = []
  }

  /// The parts of the files that processes have: as few as processors and the length of a command line allow.
  func parts(jobs: Int) -> [Range<Int>] {
    // ruff uses all processors by itself; others are one process each.
    let wanted = step.tool == .ruff ? 1 : min(jobs, max(1, files.count / 8))
    return Self.parts(of: files.map(\.path.utf8.count), size: (files.count + wanted - 1) / wanted)
  }

  /// Parts of paths with these lengths that fit a command line.
  static func parts(of lengths: [Int], size: Int = .max) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var start = 0
    var bytes = 0
    for (index, length) in lengths.enumerated() {
      // A pointer for each.
      if index > start, index - start >= size || bytes + length + 9 > 1_000_000 {
        parts.append(start..<index)
        (start, bytes) = (index, 0)
      }
      bytes += length + 9
    }
    if start < lengths.count { parts.append(start..<lengths.count) }
    return parts
  }
}
