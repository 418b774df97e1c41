internal import BuildFiles
internal import Diagnostics

extension WorkspaceConfiguration {
  /// `[lint]`: the tools of `kilt fmt`, `kilt lint` and `kilt check`.
  public struct Linting: Sendable, Hashable {
    /// `[lint.NAME]`: the options of one tool.
    public struct Tool: Sendable, Hashable {
      /// The name of the tool, such as `ruff`.
      public var name: String
      /// Arguments before those of Kilt.
      public var arguments: [String] = []
      /// The resolve that the tool comes from.
      public var resolve: String?
      /// The version, where no resolve has the tool. Default: the version that Kilt names.
      public var version: String?
      /// Plug-ins: further requirements of the tool's environment.
      public var requirements: [String] = []
      /// The configuration file, from the workspace root.
      public var configuration: String?
      /// Whether the tool does not run.
      public var isSkipped = false

      /// The defaults of a tool.
      public init(name: String) { self.name = name }
    }

    /// The tools that run; nil for Kilt's defaults.
    public var tools: [String]?
    /// The resolve that all tools come from that name none.
    public var resolve: String?
    /// The timeout of one call of a tool, in seconds.
    public var timeout: Int?
    /// The options of tools, by name. An array: its text does not depend on the run.
    public var options: [Tool] = []
    /// Backends of a `pants.toml` with tools that Kilt does not run.
    public var unsupported: [String] = []

    /// The options of a tool.
    public func options(of name: String) -> Tool { options.first { $0.name == name } ?? Tool(name: name) }

    /// The names of all tools that Kilt runs.
    public static let toolNames = [
      "ruff", "black", "isort", "docformatter", "flake8", "pylint", "bandit", "shellcheck", "shfmt", "mypy", "pyright",
      "basedpyright",
    ]
    /// Names of parts of a tool, which `tools` accepts too.
    public static let partNames = ["ruff-format", "ruff-check"]
  }

  mutating func readLinting(kiltFile file: ConfigurationFile) throws {
    let table = try TableReader(file, "lint")
    if let tools = try table.strings("tools") {
      let known = Linting.toolNames + Linting.partNames
      if let unknown = tools.first(where: { !known.contains($0) }) {
        let near = Suggestions.remedy(for: unknown, among: known)
        throw Diagnostic(
          .input, "unknown tool \"\(unknown)\" in [lint] of \"\(path)\"",
          at: file.location(table: "lint", key: "tools"),
          notes: ["known tools: " + known.joined(separator: ", ")], remedies: near.map { [$0] } ?? [])
      }
      linting.tools = tools
    }
    linting.resolve = try resolveName(table, file, table: "lint") ?? linting.resolve
    linting.timeout = try table.int("timeout") ?? linting.timeout
    if let timeout = linting.timeout, timeout < 1 {
      throw Diagnostic(
        .input, "the timeout in [lint] of \"\(path)\" must be at least 1 second",
        at: file.location(table: "lint", key: "timeout"))
    }
    table.allow(Linting.toolNames)
    try table.finish()
    for name in Linting.toolNames {
      let scope = "lint." + name
      let table = try TableReader(file, scope)
      var tool = linting.options(of: name)
      tool.arguments = try table.strings("args") ?? tool.arguments
      tool.resolve = try resolveName(table, file, table: scope) ?? tool.resolve
      tool.version = try table.string("version") ?? tool.version
      tool.requirements = try table.strings("requirements") ?? tool.requirements
      tool.configuration =
        try table.string("config").map { try file.inside($0, table: scope, key: "config") } ?? tool.configuration
      tool.isSkipped = try table.bool("skip") ?? tool.isSkipped
      try table.finish()
      set(tool)
    }
  }

  /// Reads the tools that backends of a `pants.toml` enable, and their options.
  mutating func readLinting(pantsFile file: ConfigurationFile) throws {
    var tools: [String] = []
    for backend in try TableReader(file, "GLOBAL").strings("backend_packages", default: []) {
      guard let name = Self.lintTool(ofBackend: backend) else { continue }
      let known = Linting.toolNames + Linting.partNames
      if known.contains(name) {
        if !tools.contains(name) { tools.append(name) }
      } else {
        linting.unsupported.append(name)
      }
    }
    if !tools.isEmpty { linting.tools = tools }
    for name in Linting.toolNames {
      let table = try TableReader(file, name)
      var tool = Linting.Tool(name: name)
      tool.arguments = try table.strings("args", default: []).flatMap {
        ShellWords.split(file.interpolated($0, in: name))
      }
      tool.resolve = try table.string("install_from_resolve")
      // A path outside of the workspace configures nothing here.
      tool.configuration = try table.strings("config", default: []).first.flatMap {
        Paths.normalized(file.interpolated($0, in: name))
      }
      tool.isSkipped = try table.bool("skip") ?? false
      set(tool)
    }
  }

  /// The tool of a backend such as `pants.backend.python.lint.black`; nil for backends without one.
  private static func lintTool(ofBackend backend: String) -> String? {
    let parts = backend.split(separator: ".").map(String.init)
    guard parts.starts(with: ["pants", "backend"]),
      let place = parts.firstIndex(where: { $0 == "lint" || $0 == "typecheck" }), parts.count > place + 1,
      parts.contains("python") || parts.contains("shell")
    else { return nil }
    let name = parts[place + 1]
    guard name == "ruff", parts.count > place + 2 else { return name }
    return "ruff-" + parts[place + 2]
  }

  private mutating func set(_ tool: Linting.Tool) {
    linting.options.removeAll { $0.name == tool.name }
    if tool != Linting.Tool(name: tool.name) { linting.options.append(tool) }
  }

  private func resolveName(_ table: TableReader, _ file: ConfigurationFile, table name: String) throws -> String? {
    guard let resolve = try table.string("resolve") else { return nil }
    let names = lockedResolves.map(\.name)
    guard names.isEmpty || names.contains(resolve) else {
      throw Diagnostic(
        .input, "unknown resolve \"\(resolve)\" in [\(name)] of \"\(path)\"",
        at: file.location(table: name, key: "resolve"), notes: ["defined resolves: " + names.joined(separator: ", ")],
        remedies: Suggestions.remedy(for: resolve, among: names).map { [$0] } ?? [])
    }
    return resolve
  }
}
