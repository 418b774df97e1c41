// Actions: an action is argv, environment, inputs, tools and outputs. It runs in a separate directory with only its
// declared inputs, or its result is taken from the cache.

internal import ContentStore
public import Digests
public import SystemSupport

/// A program run whose result is a function of these declarations.
public struct Action: Sendable {
  /// The purpose of the action, for people: an address. Not part of the key.
  public var name: String
  /// The program and its arguments. The program is a path, or the name of one of the tools. `{chroot}` in an argument
  /// or in the environment means the directory that the action runs in.
  public var arguments: [String]
  /// All of the environment, but `PATH`, `HOME` and `TMPDIR`, which are the sandbox's.
  public var environment: [String: String] = [:]
  /// The working directory, from the root of the inputs; "" is that.
  public var workingDirectory = ""
  /// The files it is given.
  public var inputs = ActionInputs()
  /// The programs that it can use.
  public var tools: [ActionTool] = []
  /// Directories of the inputs that are on its `PATH` besides the tools, from the root of the inputs.
  public var searchFolders: [String] = []
  /// The files and directories that it creates, from the root of the inputs. ``outputMatch`` decides about files that
  /// the program does not create.
  public var outputFiles: [String] = []
  public var outputFolders: [String] = []
  public var outputMatch = OutputMatch.all
  /// After so many seconds it is ended, and has failed. Not part of the key.
  public var timeoutSeconds: Int?
  /// Whether it can use the network. If not, it has no network where that can be enforced.
  public var usesNetwork = false
  /// Whether its result is cached for later runs.
  public var isCached = true
  /// Directories that outlive the action, by the name of the variable that names them. Their contents must not change
  /// the outputs of the action: they hold caches.
  public var sharedFolders: [String: FilePath] = [:]
  /// The machine that the result is good for.
  public var platform = Action.hostPlatform

  /// An action of a program.
  public init(name: String, arguments: [String]) {
    self.name = name
    self.arguments = arguments
  }

  /// The declared outputs that must exist.
  public enum OutputMatch: String, Sendable, CaseIterable {
    case all
    case atLeastOne = "at_least_one"
    case allowEmpty = "allow_empty"
  }

  /// This machine: system and architecture.
  public static let hostPlatform: String = {
    #if arch(x86_64)
      "linux-x86_64"
    #elseif arch(arm64)
      "linux-aarch64"
    #else
      "linux-other"
    #endif
  }()
}

extension Action {
  /// All inputs of the result, by name. Their digest is the action's key: the same list computes and explains the key.
  ///
  /// - Throws: `FileTreeError` if two inputs cannot be in one tree.
  public var keyInputs: InputList {
    get throws { try makeKeyInputs() }
  }

  private func makeKeyInputs() throws(FileTreeError) -> InputList {
    var list = InputList()
    list.append("format", "actions 2")
    list.append("platform", platform)
    list.append("argument", list: arguments)
    for (name, value) in environment.sorted(by: { $0.key < $1.key }) { list.append("environment", name, value) }
    list.append("working directory", workingDirectory)
    for tool in tools.sorted(by: { $0.name < $1.name }) { list.append("tool", tool.name, tool.digest) }
    try inputs.append(to: &list)
    list.append("search folder", list: searchFolders)
    list.append("output file", list: outputFiles.sorted())
    list.append("output folder", list: outputFolders.sorted())
    list.append("output match", outputMatch.rawValue)
    if usesNetwork { list.append("network", "allowed") }
    return list
  }
}
