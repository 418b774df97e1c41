internal import Actions
internal import BuildFiles
internal import ContentStore

/// The field `outputs_match_mode` of commands: what becomes of declared outputs that were not made.
enum OutputsMatchMode: String, CaseIterable {
  case allWarn = "all_warn"
  case all
  case atLeastOneWarn = "at_least_one_warn"
  case atLeastOne = "at_least_one"
  case allowEmpty = "allow_empty"

  /// What the action itself has to insist on.
  var actionMatch: Action.OutputMatch {
    switch self {
    case .all: .all
    case .atLeastOne: .atLeastOne
    case .allWarn, .atLeastOneWarn, .allowEmpty: .allowEmpty
    }
  }

  /// The declared outputs to warn of, for a result that was taken.
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
