import Artifacts
import Diagnostics
import SystemSupport

extension PexRunner {
  /// `~/.local/bin`, unless `--to` says otherwise.
  private static func toolDirectory(_ invocation: RunnerInvocation) throws -> FilePath {
    if let directory = invocation.toolDirectory {
      return try FileSystem.currentDirectory().pushing(FilePath(directory))
    }
    guard let home = environmentVariable("HOME"), home.hasPrefix("/") else {
      throw Diagnostic(.environment, "HOME is not set", remedies: ["name a directory with `--to`"])
    }
    return FilePath(home + "/.local/bin")
  }

  /// Fetches an artifact and installs it as a tool: the link, and the file beside it.
  static func install(_ selector: ArtifactSelector, _ invocation: RunnerInvocation) throws {
    let name = invocation.toolName ?? selector.name.text
    guard ArtifactName(name) != nil, name != "pex-runner" else {
      throw Diagnostic(
        .input, "invalid tool name \"\(name)\"",
        remedies: ["use letters, digits, \"_\", \"-\", \".\" and \"+\" in `--as`"])
    }
    let directory = try toolDirectory(invocation)
    let link = directory.appending(name)
    let program = try executablePath()
    if let status = try FileSystem.statusIfPresent(of: link) {
      let isOurs =
        status.kind == .symbolicLink && FileSystem.exists(FilePath(link.string + ".ref"))
      guard isOurs else {
        throw Diagnostic(
          .input, "cannot install \"\(link)\": another file of that name exists",
          remedies: ["choose another name with `--as`, or remove the file"])
      }
    }
    let bundle = try bundle(selector, invocation)
    let tool = InstalledTool(
      link: link, artifact: selector, commit: bundle.commit, repository: try absolute(invocation.repository),
      platform: invocation.platform)
    try FileSystem.createDirectories(directory)
    // The file first: a link without it would be a program that does not start.
    try FileSystem.write(text: tool.text, to: tool.referenceFile, durability: .durable)
    if try FileSystem.statusIfPresent(of: link) == nil {
      try FileSystem.createSymbolicLink(at: link, to: program)
    } else if try FileSystem.readLink(link) != program {
      try FileSystem.removeFile(link)
      try FileSystem.createSymbolicLink(at: link, to: program)
    }
    if invocation.isQuiet { return }
    writeText("pex-runner: installed \(link), which runs \(selector.name)@\(bundle.commit.abbreviated)\n", to: 2)
    let path = (environmentVariable("PATH") ?? "").split(separator: ":").map(String.init)
    if !path.contains(directory.string) { writeText("pex-runner: \(directory) is not in PATH\n", to: 2) }
  }

  /// A relative directory means another one where the tool is started.
  private static func absolute(_ repository: String?) throws -> String? {
    guard let repository, !repository.contains("://") else { return repository }
    let path = FilePath(repository.hasPrefix("file:") ? String(repository.dropFirst(5)) : repository)
    return try FileSystem.currentDirectory().pushing(path).string
  }

  /// Updates tools to the newest commit of the artifact that they follow.
  static func update(_ names: [String], _ invocation: RunnerInvocation) throws {
    let directory = try toolDirectory(invocation)
    var tools: [InstalledTool] = []
    if names.isEmpty {
      let entries = FileSystem.exists(directory) ? try FileSystem.list(directory) : []
      for name in entries.map(\.name).sorted() where name.hasSuffix(".ref") {
        let link = directory.appending(String(name.dropLast(4)))
        guard try FileSystem.statusIfPresent(of: link)?.kind == .symbolicLink else { continue }
        tools.append(try InstalledTool(link: link))
      }
    } else {
      tools = try names.map { try InstalledTool(link: directory.appending($0)) }
    }
    if tools.isEmpty { return writeText("pex-runner: no tools are installed in \(directory)\n", to: 2) }
    for var tool in tools {
      let name = tool.link.lastComponent?.string ?? ""
      if case .commit = tool.artifact {
        writeText("\(name)  \(tool.commit.abbreviated)  fixed to this commit\n", to: 1)
        continue
      }
      var fetching = invocation
      fetching.repository = invocation.repository ?? tool.repository
      fetching.platform = invocation.platform ?? tool.platform
      let commit = try bundle(tool.artifact, fetching).commit
      if commit == tool.commit {
        writeText("\(name)  \(commit.abbreviated)  up to date\n", to: 1)
        continue
      }
      writeText("\(name)  \(commit.abbreviated)  updated from \(tool.commit.abbreviated)\n", to: 1)
      tool.commit = commit
      try FileSystem.write(text: tool.text, to: tool.referenceFile, durability: .durable)
    }
  }

  /// Prints the link, artifact, commit and bundle of an installed tool.
  static func which(_ name: String) throws {
    guard let link = Subprocess.find(name) else {
      throw Diagnostic(.input, "no program \"\(name)\" in PATH", remedies: ["install it with `pex-runner install`"])
    }
    let tool = try InstalledTool(link: link)
    let platform = tool.platform ?? ArtifactPlatform.current
    let reference = ArtifactReference(name: tool.artifact.name, commit: CommitPrefix(tool.commit))
    let cached = try BundleCache.standard().lookUp(reference, platform: platform)?.path.string ?? "not in the cache"
    writeText("\(link)\n\(tool.artifact)\n\(reference)\n\(cached)\n", to: 1)
  }

  /// Hashes every bundle of the runner cache. Damaged ones are removed, to be fetched again.
  static func verifyCache() throws -> Int32 {
    var damaged = 0
    let results = try BundleCache.standard().verify()
    for (entry, isIntact) in results where !isIntact {
      damaged += 1
      writeText("damaged, removed: \(entry.references.joined(separator: ", ")) sha256 \(entry.digest)\n", to: 1)
    }
    writeText("\(results.count - damaged) of \(results.count) bundles are intact\n", to: 1)
    return damaged == 0 ? 0 : 1
  }
}
