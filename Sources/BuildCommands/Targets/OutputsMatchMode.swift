internal import Actions
internal import BuildFiles
internal import ContentStore

/// The field `outputs_match_mode` of commands: the treatment of missing declared outputs.
enum OutputsMatchMode: String, CaseIterable {
  case allWarn = "all_warn"
  case all
  case atLeastOneWarn = "at_least_one_warn"
  case atLeastOne = "at_least_one"
  case allowEmpty = "allow_empty"

  /// The outputs that the action itself must require.
  var actionMatch: Action.OutputMatch {
    switch self {
    case .all: .all
    case .atLeastOne: .atLeastOne
    case .allWarn, .atLeastOneWarn, .allowEmpty: .allowEmpty
    }
  }

  /// The declared outputs to warn about, for an accepted result.
  func missing(from outputs: FileTree, of action: Action) -> [String] {
    guard self == .allWarn || self == .atLeastOneWarn else { return [] }
    let folders = action.outputFolders.filter { folder in
      outputs[folder] == nil && !outputs.paths.contains { Paths.contains(folder, $0) }
    }
    let missing = action.outputFiles.filter { outputs[$0] == nil } + folders.map { $0 + "/" }
    let declared = action.outputFiles.count + action.outputFolders.count
    return self == .allWarn || missing.count == declared ? missing : []
  }
}
