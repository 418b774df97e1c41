public import PythonCommands
internal import SystemSupport
public import Workspace

/// Which tools a workspace has chosen.
public struct CodeChoice {
  /// The steps, in their order.
  public let steps: [ToolStep]
  private let workspace: Workspace

  /// The tools of `[lint]`; by default ruff, and the type checker that the workspace configures, or else mypy.
  public init(_ workspace: Workspace) {
    self.workspace = workspace
    let names = workspace.configuration.linting.tools ?? []
    var chosen = Set(names.flatMap { ToolStep.named($0) })
    if !chosen.contains(where: { $0.role != .types }) {
      chosen.formUnion(CodeTool.ruff.steps)
      if Self.hasShellConfiguration(workspace) { chosen.insert(.shellcheck) }
    }
    if !chosen.contains(where: { $0.role == .types }) { chosen.insert(Self.checker(of: workspace)) }
    steps = ToolStep.allCases.filter { step in
      chosen.contains(step) && !workspace.configuration.linting.options(of: step.tool.rawValue).isSkipped
    }
  }

  /// The tools that Kilt locks itself, for environments that editors use. What a resolve has is in its environment anyway.
  public var programs: [LockedProgram] {
    let linting = workspace.configuration.linting
    var found: [LockedProgram] = []
    for step in steps where step.tool != .pyright || linting.tools?.contains("pyright") == true {
      let options = linting.options(of: step.tool.rawValue)
      let resolve = (options.resolve ?? linting.resolve).flatMap { name in
        workspace.configuration.lockedResolves.first { $0.name == name }?.lockfile
      }
      let program = LockedProgram(
        package: step.tool.package, version: options.version ?? step.tool.version,
        acceptsOlder: options.version == nil,
        requirements: options.requirements + (resolve == nil ? step.tool.companions : []), lockfile: resolve)
      if !found.contains(program) { found.append(program) }
    }
    return found
  }

  private static func hasShellConfiguration(_ workspace: Workspace) -> Bool {
    FileSystem.exists(workspace.root.appending(".shellcheckrc"))
  }

  /// The type checker whose configuration lies at the root.
  private static func checker(of workspace: Workspace) -> ToolStep {
    let project = (try? FileSystem.readText(workspace.root.appending("pyproject.toml"))) ?? ""  // Missing is empty.
    let lines = project.split(whereSeparator: \.isNewline)
    if lines.contains(where: { $0.hasPrefix("[tool.basedpyright") }) { return .basedpyright }
    if lines.contains(where: { $0.hasPrefix("[tool.mypy") }) || FileSystem.exists(workspace.root.appending("mypy.ini"))
    {
      return .mypy
    }
    if FileSystem.exists(workspace.root.appending("pyrightconfig.json"))
      || lines.contains(where: { $0.hasPrefix("[tool.pyright") })
    {
      return .pyright
    }
    return .mypy
  }
}
