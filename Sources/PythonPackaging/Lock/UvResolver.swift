import HTTPClient
public import SystemSupport

/// Creates lockfiles with uv: for every platform, and for every Python of the workspace at once.
public struct UvResolver: Sendable {
  private let uv: UvTool
  private let python: Interpreter
  private let index: IndexConfiguration
  private let root: FilePath
  /// The name of the project that represents the workspace. No package has this name.
  static let projectName = "kilt-workspace-resolve"

  /// - Parameter root: the workspace's, at which local paths of requirements begin.
  public init(uv: UvTool, python: Interpreter, index: IndexConfiguration, root: FilePath) {
    self.root = root
    self.uv = uv
    self.python = python
    self.index = index
  }

  /// Resolves a request.
  ///
  /// - Parameters:
  ///   - previous: versions to keep if they still match, so that locking again changes little.
  ///   - upgrading: packages whose previous versions do not count.
  /// - Throws: ``LockError``, ``SystemCallError`` for the temporary directory.
  public func lock(
    _ request: LockRequest, keeping previous: Lockfile? = nil, upgrading: Set<PackageName> = []
  ) throws -> Lockfile {
    try request.check()
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-lock")
    // The cleaner of temporary directories removes leftover files.
    defer { try? FileSystem.removeTree(folder) }
    try FileSystem.write(text: try project(request), to: folder.appending("pyproject.toml"))
    if let previous {
      let text = Self.preferences(previous, without: upgrading)
      try FileSystem.write(text: text, to: folder.appending("uv.lock"))
    }
    let arguments = ["lock"] + (index.indexes.isEmpty ? ["--no-index"] : [])
    let outcome = try uv.run(arguments, in: folder, index: index, python: python)
    guard outcome.termination.isSuccess else { throw Self.failure(outcome) }
    let bytes = try FileSystem.read(folder.appending("uv.lock"))
    let reader = try UvLockReader(bytes, path: "uv.lock", root: root)
    let lockfile = try reader.lockfile(for: request, folder: folder)
    for package in lockfile.packages where package.files.isEmpty && package.source == nil {
      guard request.hashes[package.name] != nil else { continue }
      throw LockError.refusedRequirement(
        package.title, reason: "none of its files has a hash of its requirement",
        remedy: "find out why the files changed, or update the hashes")
    }
    return try previous.map { try lockfile.keepingFiles(of: $0, upgrading: upgrading) } ?? lockfile
  }

  /// The project with the requirements of the workspace.
  ///
  /// - Throws: ``LockError/refusedRequirement(_:reason:remedy:)`` for an unset variable.
  func project(_ request: LockRequest) throws(LockError) -> String {
    func list(_ name: String, _ values: [String]) -> String {
      values.isEmpty ? "" : "\(name) = [\n" + values.map { "  \(Self.quoted($0)),\n" }.joined() + "]\n"
    }
    func texts(_ requirements: [Requirement]) throws(LockError) -> [String] {
      Set(try requirements.map { requirement throws(LockError) in try located(requirement).description }).sorted()
    }
    func packages(_ names: Set<String>) -> [String] { names.subtracting([":all:"]).sorted() }
    let all = [("no-binary", request.noBinary), ("no-build", request.onlyBinary)].filter { $1.contains(":all:") }
    return """
      [project]
      name = "\(Self.projectName)"
      version = "0"
      requires-python = \(Self.quoted(request.requiresPython.description))
      dependencies = [
      \(try texts(request.requirements).map { "  \(Self.quoted($0))," }.joined(separator: "\n"))
      ]
      [tool.uv]
      package = false

      """ + list("constraint-dependencies", try texts(request.constraints))
        + list("override-dependencies", try texts(request.overrides))
        + list("exclude-dependencies", request.excludeTexts)
        + list("environments", request.platforms.compactMap { WheelPlatform(name: $0)?.marker.description })
        + list("no-binary-package", packages(request.noBinary)) + list("no-build-package", packages(request.onlyBinary))
        + all.map { "\($0.0) = true\n" }.joined()
  }

  /// A requirement whose local path is absolute, with variables put in.
  private func located(_ written: Requirement) throws(LockError) -> Requirement {
    let requirement = try LockRequest.expanded(written)
    guard let url = requirement.url, case .path(let path)? = PackageSource(url) else { return requirement }
    var result = requirement
    result.url =
      "file://" + PercentEncoding.encode(root.pushing(FilePath(path)).lexicallyNormalized().string, keeping: "/")
    return result
  }

  /// A lockfile of uv with only versions. uv treats them as preferences, and does everything else again, because the
  /// lockfile lacks the project.
  static func preferences(_ lockfile: Lockfile, without upgrading: Set<PackageName>) -> String {
    var text = "version = 1\nrequires-python = \(quoted(lockfile.requiresPython.description))\n"
    for package in lockfile.packages where package.source == nil && !upgrading.contains(package.name) {
      text += "\n[[package]]\nname = \(quoted(package.name.text))\nversion = \(quoted(package.version))\n"
      text += "source = { registry = \"https://index.invalid/simple\" }\n"
      if let marker = package.marker { text += "resolution-markers = [\(quoted(marker.description))]\n" }
    }
    return text
  }

  /// As a basic string of TOML.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// The output of uv, without the credentials of URLs. uv exits with 1 if no versions match, with 2 for other errors.
  static func failure(_ outcome: Subprocess.Outcome) -> LockError {
    let lines = outcome.errorText.split(separator: "\n").map { line in
      line.split(separator: " ", omittingEmptySubsequences: false).map { word in
        word.utf8.contains(UInt8(ascii: ":")) && word.contains("://") ? redactedURL(String(word)) : String(word)
      }.joined(separator: " ")
    }.filter { !$0.hasPrefix("Using CPython") && !$0.hasPrefix("warning: ") }
    if outcome.termination == .exited(1) { return .unsatisfiable(explanation: lines) }
    return .resolverFailed(summary: "uv could not resolve the requirements", notes: lines)
  }
}
