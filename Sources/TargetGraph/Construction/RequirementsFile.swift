internal import BuildFiles
public import Diagnostics

/// A requirements file in pip's format, with the files that it includes.
///
/// Projects in directories and archives become requirements by name, `tool @ file:libs/tool`, with paths from the
/// workspace root. Options that name package indexes are ignored, because pip's configuration names them.
public struct RequirementsFile {
  public private(set) var requirements: [RequirementLine] = []
  /// The requirements of `-c` files, which hold where a package is used at all.
  public private(set) var constraints: [RequirementLine] = []
  /// The files that were read, from the workspace root, the file itself first; then those that tell the names of projects.
  public private(set) var files: [String] = []
  /// The included ones among them.
  public private(set) var included: [String] = []
  public private(set) var problems: [Diagnostic] = []
  private let others: Set<String>
  private let read: (String) -> [UInt8]?

  /// Reads a file and its includes.
  ///
  /// - Parameters:
  ///   - path: from the workspace root.
  ///   - others: files that are not included, because other targets use them.
  ///   - read: the bytes of a file of the workspace; nil if it is missing.
  public init(path: String, others: Set<String> = [], read: @escaping (String) -> [UInt8]?) {
    self.others = others
    self.read = read
    add(path, isConstraints: false, from: nil)
  }

  private mutating func add(_ path: String, isConstraints: Bool, from site: SourceLocation?) {
    guard !files.contains(path) else { return }
    guard let bytes = read(path) else {
      problems.append(Diagnostic(.input, "the requirements file \"\(path)\" does not exist", at: site))
      return
    }
    files.append(path)
    if site != nil { included.append(path) }
    for line in RequirementLine.logicalLines(of: String(decoding: bytes, as: UTF8.self)) {
      let place = SourceLocation(path: path, line: line.line)
      do throws(Diagnostic) {
        try add(line, in: path, isConstraints: isConstraints, place)
      } catch {
        problems.append(error)
      }
    }
  }

  private mutating func add(
    _ line: RequirementLine.LogicalLine, in path: String, isConstraints: Bool, _ place: SourceLocation
  ) throws(Diagnostic) {
    var words = line.words
    if let first = words.first, first.hasPrefix("-") {
      let (name, value) = Self.option(words)
      switch name {
      case "-r", "--requirement", "-c", "--constraint":
        guard let file = Paths.normalized(Paths.join(Paths.parent(path), value)), !value.hasPrefix("/") else {
          throw Diagnostic(.input, "\"\(value)\" is outside the workspace", at: place)
        }
        // Requirements that another target takes from that file are not repeated here.
        if others.contains(file), name == "-r" || name == "--requirement" { return }
        return add(file, isConstraints: isConstraints || name == "-c" || name == "--constraint", from: place)
      case "-e", "--editable": words = value.split(separator: " ").map(String.init)
      case _ where Self.passedOver.contains(name): return
      default:
        throw Diagnostic(
          .input, "Kilt does not support the option \"\(name)\" in a requirements file", at: place,
          remedies: ["remove it, or run `pip config set` to add it to pip's configuration"])
      }
    }
    var (requirement, origin) = try Self.requirement(
      words.joined(separator: " "), besides: Paths.parent(path), at: place, read: read)
    requirement.line = line.line
    requirement.hashes = line.options.compactMap { option in
      option.hasPrefix("--hash=sha256:") ? String(option.dropFirst("--hash=sha256:".count)) : nil
    }
    if let origin, !files.contains(origin) { files.append(origin) }
    if isConstraints { constraints.append(requirement) } else { requirements.append(requirement) }
  }

  /// Options that name package indexes, or repeat a resolve's own settings.
  private static let passedOver: Set<String> = [
    "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host", "--no-binary",
    "--only-binary", "--prefer-binary", "--pre", "--require-hashes", "--use-feature",
  ]

  /// An option and its value: `-r x`, `-rx`, `--requirement x`, `--requirement=x`.
  private static func option(_ words: [String]) -> (name: String, value: String) {
    var first = words[0]
    var rest = Array(words.dropFirst())
    if first.hasPrefix("--"), let equals = first.firstIndex(of: "=") {
      rest.insert(String(first[first.index(after: equals)...]), at: 0)
      first = String(first[..<equals])
    } else if !first.hasPrefix("--"), first.count > 2 {
      rest.insert(String(first.dropFirst(2)), at: 0)
      first = String(first.prefix(2))
    }
    return (first, rest.joined(separator: " "))
  }

  /// A requirement as written in a file or a BUILD file: by name, as a path such as `./libs/tool[extra]`, or as a URL;
  /// a leading `-e` has no effect.
  ///
  /// - Parameter folder: the base of paths; paths that do not exist there are relative to the workspace root.
  /// - Returns: the requirement, and the file that contains the name of a project.
  static func requirement(
    _ text: String, besides folder: String, at place: SourceLocation?, read: (String) -> [UInt8]?
  ) throws(Diagnostic) -> (RequirementLine, origin: String?) {
    var text = text
    for flag in ["-e ", "--editable ", "--editable="] where text.hasPrefix(flag) {
      text = String(text.dropFirst(flag.count).drop { $0 == " " })
    }
    let start = text.prefix { $0 != " " && $0 != ";" }
    guard start.hasPrefix(".") || start.hasPrefix("/") || start.contains("://") else {
      guard let line = RequirementLine(text) else {
        throw Diagnostic(
          .input, "invalid requirement \"\(text)\"", at: place,
          remedies: ["write it as in \"requests>=2.31,<3\", \"./libs/tool\" or \"tool @ git+https://host/repo@v2\""])
      }
      return (line, nil)
    }
    var rest = String(text.dropFirst(start.count).drop { $0 == " " })
    var target = String(start)
    var extras = ""
    if target.hasSuffix("]"), let bracket = target.lastIndex(of: "[") {
      extras = String(target[bracket...])
      target = String(target[..<bracket])
    }
    if !rest.isEmpty { rest = " " + rest }
    if target.contains("://"), !target.hasPrefix("file://") {
      let (url, name) = try named(url: target, text, place)
      return (RequirementLine("\(name)\(extras) @ \(url)\(rest)") ?? RequirementLine(name: name), nil)
    }
    let project = try LocalProject(target, besides: folder, text: text, at: place, read: read)
    return (
      RequirementLine("\(project.name)\(extras) @ file:\(project.path)\(rest)") ?? RequirementLine(name: project.name),
      project.origin
    )
  }

  /// A URL without the fragment that names its project, and the name.
  private static func named(
    url: String, _ text: String, _ place: SourceLocation?
  ) throws(Diagnostic) -> (url: String, name: String) {
    let parts = url.split(separator: "#", maxSplits: 1).map(String.init)
    var options = parts.count > 1 ? parts[1].split(separator: "&").map(String.init) : []
    var name: String?
    if let index = options.firstIndex(where: { $0.hasPrefix("egg=") }) {
      name = String(options.remove(at: index).dropFirst("egg=".count).prefix { $0 != "[" })
    }
    name = name ?? LocalProject.name(ofArchive: String(parts[0].split(separator: "/").last ?? ""))
    guard let name, RequirementLine(name) != nil else {
      throw Diagnostic(
        .input, "\"\(text)\" does not name its package", at: place, remedies: ["write \"NAME @ \(url)\""])
    }
    return (parts[0] + (options.isEmpty ? "" : "#" + options.joined(separator: "&")), name)
  }
}

extension RequirementLine {
  fileprivate init(name: String) {
    self.name = name
    text = name
    line = 0
  }
}
