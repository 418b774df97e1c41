internal import BuildFiles
internal import Diagnostics
internal import JSON
internal import TOML

/// Reads the requirements in a `pyproject.toml` or `Pipfile.lock`, in the forms that Pants' generators read.
enum ProjectRequirements {
  /// The location of the requirements in the file.
  enum Form {
    /// `[project]` (PEP 621): dependencies and optional dependencies.
    case project
    /// `[tool.poetry]`: dependencies of all groups, in Poetry's own notation.
    case poetry
    /// `[tool.uv]`: the dependencies for development.
    case uv
    /// `Pipfile.lock`: the default and the development packages.
    case pipenv
  }

  /// The requirements, in the order of the file.
  ///
  /// - Throws: `Diagnostic` for a text that is not TOML, or lacks the section.
  static func parse(_ bytes: [UInt8], path: String, form: Form) throws -> [RequirementLine] {
    if form == .pipenv { return try pipenv(bytes, path: path) }
    let document: TOMLDocument
    do throws(TOMLDocument.Failure) {
      document = try TOMLDocument(parsing: bytes)
    } catch {
      throw Diagnostic(
        .input, "\"\(path)\" is not TOML: \(error.message)",
        at: SourceLocation(path: path, line: error.line, column: error.column))
    }
    let root = JSONValue.object(document.root)
    switch form {
    case .project:
      var texts = root["project"]?["dependencies"]?.strings ?? []
      for extra in root["project"]?["optional-dependencies"]?.object?.members ?? [] {
        texts += extra.value.strings ?? []
      }
      // An empty list means that nothing is required.
      let isSaid = ["dependencies", "optional-dependencies"].contains { root["project"]?[$0] != nil }
      guard isSaid else { throw lacking("project.dependencies", path) }
      // A package that uv takes from the workspace or a path is not a third-party package: it must not be searched on
      // an index.
      var own: Set<String> = []
      for source in root["tool"]?["uv"]?["sources"]?.object?.members ?? [] {
        let entries = source.value.array ?? [source.value]
        if entries.contains(where: { $0["workspace"]?.bool == true || $0["path"] != nil }) {
          own.insert(RequirementLine.normalize(source.name))
        }
      }
      return texts.compactMap { RequirementLine($0) }.filter { !own.contains($0.normalizedName) }
    case .pipenv: return []
    case .uv:
      guard let texts = root["tool"]?["uv"]?["dev-dependencies"]?.strings else {
        throw lacking("tool.uv.dev-dependencies", path)
      }
      return texts.compactMap { RequirementLine($0) }
    case .poetry:
      guard let poetry = root["tool"]?["poetry"] else { throw lacking("tool.poetry", path) }
      var tables = [poetry["dependencies"], poetry["dev-dependencies"]]
      tables += (poetry["group"]?.object?.members ?? []).map { $0.value["dependencies"] }
      var byName: [(name: String, value: JSONValue)] = []
      for member in tables.flatMap({ $0?.object?.members ?? [] }) {
        if let index = byName.firstIndex(where: { $0.name == member.name }) {
          byName[index].value = member.value
        } else if member.name != "python" {
          byName.append((member.name, member.value))
        }
      }
      return try byName.flatMap { entry in
        try (entry.value.array ?? [entry.value]).compactMap { try poetryRequirement(entry.name, $0, path: path) }
      }
    }
  }

  private static func pipenv(_ bytes: [UInt8], path: String) throws -> [RequirementLine] {
    let root: JSONValue
    do throws(JSONError) {
      root = try JSONValue(parsing: bytes)
    } catch {
      throw Diagnostic(
        .input, "\"\(path)\" is not JSON: \(error.message)", at: SourceLocation(path: path, line: error.line))
    }
    return ["default", "develop"].flatMap { root[$0]?.object?.members ?? [] }.compactMap { member in
      let extras = member.value["extras"]?.strings.map { "[" + $0.joined(separator: ",") + "]" } ?? ""
      let markers = member.value["markers"]?.string.map { ";\($0)" } ?? ""
      return RequirementLine(member.name + extras + (member.value["version"]?.string ?? "") + markers)
    }
  }

  private static func lacking(_ section: String, _ path: String) -> Diagnostic {
    Diagnostic(.input, "\"\(path)\" has no \(section) to take requirements from")
  }

  /// One dependency in Poetry's notation as a requirement; nil for a path inside the workspace, which is not a
  /// third-party package.
  private static func poetryRequirement(_ name: String, _ value: JSONValue, path: String) throws -> RequirementLine? {
    if let version = value.string { return RequirementLine(name + (try specifier(version, name, path))) }
    let extras = value["extras"]?.strings.map { $0.isEmpty ? "" : "[" + $0.joined(separator: ",") + "]" } ?? ""
    var text: String
    if let version = value["version"]?.string {
      text = name + extras + (try specifier(version, name, path))
    } else if let url = value["url"]?.string {
      text = "\(name)\(extras) @ \(url)"
    } else if var repository = value["git"]?.string {
      if !repository.contains("://") {
        // In git's form: user@host:path.
        let parts = repository.split(separator: ":", maxSplits: 1)
        repository = "ssh://" + parts.joined(separator: "/")
      }
      let reference = (value["tag"] ?? value["branch"])?.string.map { "@" + $0 } ?? ""
      text = "\(name)\(extras) @ git+\(repository)\(reference)\(value["rev"]?.string.map { "#" + $0 } ?? "")"
    } else if value["path"] != nil {
      return nil
    } else {
      throw Diagnostic(
        .input, "\"\(name)\" in \"\(path)\" has neither a version nor a url, path or git to take it from")
    }
    var markers = value["markers"]?.string.map { ["(\($0))"] } ?? []
    if let python = value["python"]?.string {
      let specifiers = try specifier(python, name, path).split(separator: ",").map { part in
        let sign = part.prefix { "<>=!~".contains($0) }
        return "python_version \(sign) '\(part.dropFirst(sign.count))'"
      }
      if !specifiers.isEmpty { markers.append("(" + specifiers.joined(separator: " and ") + ")") }
    }
    if !markers.isEmpty { text += (text.contains(" @ ") ? " ;" : ";") + markers.joined(separator: " and ") }
    return RequirementLine(text)
  }

  /// Poetry's version constraint as PEP 440 writes it: `^1.2` is `>=1.2,<2.0.0`, `~1.2` is `>=1.2,<1.3.0`, `1.2.*` likewise, a
  /// bare version is that version, `*` is any.
  static func specifier(_ text: String, _ name: String, _ path: String) throws -> String {
    let parts = try text.split(separator: ",").compactMap { raw -> String? in
      let part = raw.drop { $0 == " " }
      guard let first = part.first, part != "*" else { return nil }
      if first == "^" { return try range(part.dropFirst(), isCaret: true, name, path) }
      if first == "~", !part.hasPrefix("~=") { return try range(part.dropFirst(), isCaret: false, name, path) }
      if part.hasSuffix(".*"), !"<>=!".contains(first) { return try wildcard(part.dropLast(2), name, path) }
      if "<>=!~".contains(first) { return part.filter { $0 != " " } }
      return "==" + part
    }
    return parts.joined(separator: ",")
  }

  private static func numbers(_ text: some StringProtocol, _ name: String, _ path: String) throws -> [Int] {
    let release = text.prefix { $0.isNumber || $0 == "." }
    let numbers = release.split(separator: ".").compactMap { Int($0) }
    guard !numbers.isEmpty else {
      throw Diagnostic(.input, "\"\(text)\" of \"\(name)\" in \"\(path)\" is not a version")
    }
    return numbers
  }

  private static func range(
    _ version: Substring, isCaret: Bool, _ name: String, _ path: String
  ) throws -> String {
    let text = version.filter { $0 != " " }
    let given = try numbers(text, name, path)
    // The part that cannot change: for a caret the first that is not zero, for a tilde the second.
    let fixed = isCaret ? given.firstIndex { $0 != 0 } ?? given.count - 1 : min(1, given.count - 1)
    var upper = Array(given[0...fixed])
    upper[fixed] += 1
    return ">=\(text),<" + full(upper)
  }

  private static func wildcard(_ version: Substring, _ name: String, _ path: String) throws -> String {
    var upper = try numbers(version, name, path)
    upper[upper.count - 1] += 1
    return ">=\(version).0,<" + full(upper)
  }

  /// A release of at least three numbers.
  private static func full(_ release: [Int]) -> String {
    (release + Array(repeating: 0, count: max(0, 3 - release.count))).map(String.init).joined(separator: ".")
  }
}
