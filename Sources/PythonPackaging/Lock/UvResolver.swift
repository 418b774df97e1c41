import HTTPClient
import SystemSupport

/// Makes lockfiles with uv: for every platform, and for every Python of the workspace at once.
public struct UvResolver: Sendable {
  private let uv: UvTool
  private let python: Interpreter
  private let index: IndexConfiguration
  /// The name of the project that stands for the workspace. A name that no package has.
  static let projectName = "kilt-workspace-resolve"

  public init(uv: UvTool, python: Interpreter, index: IndexConfiguration) {
    self.uv = uv
    self.python = python
    self.index = index
  }

  /// Resolves a request.
  ///
  /// - Parameters:
  ///   - previous: versions to keep where they still fit, so that locking again changes little.
  ///   - upgrading: packages whose previous versions do not count.
  /// - Throws: ``LockError``, ``SystemCallError`` for the temporary folder.
  public func lock(
    _ request: LockRequest, keeping previous: Lockfile? = nil, upgrading: Set<PackageName> = []
  ) throws -> Lockfile {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-lock")
    // What can not be removed is left to whoever cleans temporary folders.
    defer { try? FileSystem.removeTree(folder) }
    try FileSystem.write(text: Self.project(request), to: folder.appending("pyproject.toml"))
    if let previous {
      let text = Self.preferences(previous, without: upgrading)
      try FileSystem.write(text: text, to: folder.appending("uv.lock"))
    }
    let arguments = ["lock"] + (index.indexes.isEmpty ? ["--no-index"] : [])
    let outcome = try uv.run(arguments, in: folder, index: index, python: python)
    guard outcome.termination.isSuccess else { throw Self.failure(outcome) }
    let bytes = try FileSystem.read(folder.appending("uv.lock"))
    let reader = try UvLockReader(bytes, path: "uv.lock", folder: folder)
    return try reader.lockfile(for: request)
  }

  /// The project that requires what the workspace requires.
  static func project(_ request: LockRequest) -> String {
    func list(_ name: String, _ values: [String]) -> String {
      "\(name) = [\n" + values.map { "  \(quoted($0)),\n" }.joined() + "]\n"
    }
    return """
      [project]
      name = "\(projectName)"
      version = "0"
      requires-python = \(quoted(request.requiresPython.description))
      \(list("dependencies", request.requirementTexts))
      [tool.uv]
      package = false
      \(list("constraint-dependencies", request.constraintTexts))\(list("override-dependencies", request.overrideTexts))
      """
  }

  /// A lockfile of uv that holds versions alone. uv takes them as preferences, and does everything else again, since the
  /// project is not in it.
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

  /// What uv said, with the credentials of URLs taken out. It ends with 1 when no versions fit, with 2 for the rest.
  private static func failure(_ outcome: Subprocess.Outcome) -> LockError {
    let lines = outcome.errorText.split(separator: "\n").map { line in
      line.split(separator: " ", omittingEmptySubsequences: false).map { word in
        word.utf8.contains(UInt8(ascii: ":")) && word.contains("://") ? redactedURL(String(word)) : String(word)
      }.joined(separator: " ")
    }.filter { !$0.hasPrefix("Using CPython") && !$0.hasPrefix("warning: ") }
    if outcome.termination == .exited(1) { return .unsatisfiable(explanation: lines) }
    return .resolverFailed(summary: "uv could not resolve the requirements", notes: lines)
  }
}
