internal import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import JobFiles
internal import SystemSupport
internal import Workspace

/// The selected job of an Aurora file, and values for open variables.
struct JobSelection: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Job of an Aurora file with several jobs: its name, or cluster/role/environment/name.", valueName: "name"))
  var job: String?

  @Option(help: .bind)
  var bind: [String] = []

  func bindings() throws -> [TemplateBinding] { try bind.map { try TemplateBinding(parsing: $0) } }
}

/// The user who submits a job, and the result of `getpass.getuser()` in an Aurora file: looked up as Python does.
enum JobOwner {
  static var current: String? {
    for name in ["LOGNAME", "USER", "LNAME", "USERNAME"] {
      if let value = environmentVariable(name), !value.isEmpty { return value }
    }
    return getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
  }
}

/// The job files of a workspace, for verbs that need no scheduler.
struct JobFileSet {
  let workspace: Workspace
  let loader: JobLoader
  private let directory: FilePath

  init(_ global: GlobalOptions, cluster: String? = nil) throws {
    directory = try global.workingDirectory
    workspace = try Workspace.find(from: directory)
    var loader = JobLoader(
      root: workspace.root, cluster: cluster ?? workspace.configuration.clusters.first?.name ?? "devcluster",
      policy: JobLoader.Policy(mainBranch: workspace.configuration.mainBranch), owner: JobOwner.current)
    loader.print = { writeText($0 + "\n", to: 2) }
    let renderer = DiagnosticRenderer(color: Terminal.standardError.usesColor)
    loader.warn = { writeText(renderer.render($0, as: .warning), to: 2) }
    self.loader = loader
  }

  /// A file named on the command line, from the workspace root.
  func path(_ text: String) throws -> String {
    let path = directory.pushing(FilePath(text)).lexicallyNormalized()
    guard let relative = workspace.relativePath(of: path) else {
      throw Diagnostic(.input, "\"\(text)\" is not in the workspace \"\(workspace.root)\"")
    }
    return relative
  }

  /// The files that the words name: files as they are, of directories all job files below. Without words, all below `jobs`.
  func files(_ words: [String]) throws -> [String] {
    if words.isEmpty {
      guard try isDirectory("jobs") else {
        throw Diagnostic(
          .input, "the workspace has no directory \"jobs\"",
          remedies: ["name the job files, or their directory", "write one: `kilt job new NAME`"])
      }
      return try jobFiles(below: "jobs")
    }
    var files: [String] = []
    for word in words {
      let below = word.directoryOfRecursiveSpec
      let path = try path(below ?? word)
      if try below != nil || isDirectory(path) {
        files += try jobFiles(below: path)
      } else {
        files.append(path)
      }
    }
    var seen = Set<String>()
    return files.filter { seen.insert($0).inserted }
  }

  private func jobFiles(below directory: String) throws -> [String] {
    var files: [String] = []
    for entry in try FileSystem.list(workspace.root.appending(directory)).sorted(by: { $0.name < $1.name }) {
      if entry.name.hasPrefix(".") { continue }
      let path = directory.isEmpty ? entry.name : directory + "/" + entry.name
      if entry.kind == .directory {
        files += try jobFiles(below: path)
      } else if entry.name.hasSuffix(".yaml") || entry.name.hasSuffix(".yml"),
        try !Self.jobKeys(of: path, in: workspace).isEmpty
      {
        files.append(path)
      }
    }
    return files
  }

  private func isDirectory(_ path: String) throws -> Bool {
    try FileSystem.statusIfPresent(of: workspace.root.appending(path))?.kind == .directory
  }
}

extension String {
  /// The directory of `DIRECTORY::`, which names everything below, as for targets; nil for other texts.
  var directoryOfRecursiveSpec: String? {
    guard hasSuffix("::") else { return nil }
    return count == 2 ? "." : String(dropLast(2))
  }
}

extension JobFileSet {
  /// Larger files are data, and no loader accepts them.
  private static let largestFile: Int64 = 1 << 20

  /// The keys of job files alone that lines of a YAML file begin with: other YAML can lie beside them. Empty for a file
  /// that is not there, or is larger than any job file.
  static func jobKeys(of path: String, in workspace: Workspace) throws -> Set<String> {
    let file = workspace.root.appending(path)
    guard let status = try FileSystem.statusIfPresent(of: file), status.kind == .file, status.size <= largestFile else {
      return []
    }
    let bytes = try FileSystem.read(file, limit: Int(largestFile))
    let lines = bytes.split(separator: 0x0A)
    return Set(
      ["file", "buildname", "stages"].filter { key in lines.contains { $0.starts(with: Array((key + ":").utf8)) } })
  }
}
