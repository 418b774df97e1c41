import Diagnostics
import Digests
import JSON
public import SystemSupport

extension Lockfile {
  private static let format: Int64 = 1

  /// Parses the text of a lockfile of Kilt's own.
  public init(parsing bytes: [UInt8], path: String) throws(LockError) {
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONValue(parsing: bytes)
    } catch {
      throw .unreadable(path: path, line: error.line, reason: error.message)
    }
    guard json["kilt_lock"]?.int == Self.format else {
      throw .unreadable(path: path, line: nil, reason: "\"kilt_lock\" is not \(Self.format)")
    }
    do throws(LockFieldError) {
      requiresPython = try LockFieldError.field("requires_python", in: json) {
        $0.string.flatMap { SpecifierSet($0) }
      }
      requirements = try LockFieldError.field("requirements", in: json) { $0.strings }
      constraints = try LockFieldError.optional("constraints", in: json) { $0.strings } ?? []
      overrides = try LockFieldError.optional("overrides", in: json) { $0.strings } ?? []
      excludes = try LockFieldError.optional("excludes", in: json) { $0.strings } ?? []
      platforms = try LockFieldError.optional("platforms", in: json) { $0.strings } ?? []
      roots = try LockFieldError.list("roots", in: json) { LockedDependency($0) }
      packages = try LockFieldError.list("packages", in: json) { LockedPackage($0) }
    } catch {
      throw .unreadable(path: path, line: nil, reason: "the field \"\(error.name)\" is missing or wrong")
    }
  }

  /// The text: one line for each file and each edge, so that a change is a change of few lines. Equal locks give equal
  /// bytes.
  public var text: String {
    var lines = ["{", "  \"kilt_lock\": \(Self.format),"]
    lines.append("  \"requires_python\": \(JSONValue.string(requiresPython.description).text()),")
    func list(_ name: String, _ values: [JSONValue], indent: Int, last: Bool) {
      let space = String(repeating: " ", count: indent)
      let comma = last ? "" : ","
      guard !values.isEmpty else { return lines.append("\(space)\"\(name)\": []\(comma)") }
      lines.append("\(space)\"\(name)\": [")
      for (index, value) in values.enumerated() {
        lines.append("\(space)  \(value.spacedText)\(index + 1 < values.count ? "," : "")")
      }
      lines.append("\(space)]\(comma)")
    }
    list("requirements", requirements.map { .string($0) }, indent: 2, last: false)
    if !constraints.isEmpty { list("constraints", constraints.map { .string($0) }, indent: 2, last: false) }
    if !overrides.isEmpty { list("overrides", overrides.map { .string($0) }, indent: 2, last: false) }
    if !excludes.isEmpty { list("excludes", excludes.map { .string($0) }, indent: 2, last: false) }
    if !platforms.isEmpty { list("platforms", platforms.map { .string($0) }, indent: 2, last: false) }
    list("roots", roots.map(\.json), indent: 2, last: false)
    lines.append("  \"packages\": [")
    for (index, package) in packages.enumerated() {
      lines.append("    {")
      lines.append("      \"name\": \(JSONValue.string(package.name.text).text()),")
      lines.append("      \"version\": \(JSONValue.string(package.version).text()),")
      if let source = package.source { lines.append("      \"source\": \(JSONValue.string(source.text).text()),") }
      if let marker = package.marker {
        lines.append("      \"marker\": \(JSONValue.string(marker.description).text()),")
      }
      if !package.dependencies.isEmpty {
        list("dependencies", package.dependencies.map(\.json), indent: 6, last: false)
      }
      if !package.extras.isEmpty {
        let extras = package.extras.sorted { $0.key < $1.key }.map { extra, dependencies in
          (extra, JSONValue.array(dependencies.map(\.json)))
        }
        lines.append("      \"extras\": \(JSONValue.object(JSONObject(extras)).spacedText),")
      }
      list("files", package.files.map(\.json), indent: 6, last: true)
      lines.append("    }\(index + 1 < packages.count ? "," : "")")
    }
    lines += ["  ]", "}", ""]
    return lines.joined(separator: "\n")
  }

  /// Writes the lockfile, whole or not at all; a file that holds the same bytes already is left alone.
  ///
  /// - Returns: whether it was written.
  @discardableResult
  public func write(to path: FilePath) throws(SystemCallError) -> Bool {
    let bytes = Array(text.utf8)
    if FileSystem.exists(path), try FileSystem.read(path) == bytes { return false }
    try FileSystem.createDirectories(path.removingLastComponent())
    try FileSystem.write(bytes, to: path, durability: .durable)
    return true
  }
}

/// The field that made a lockfile unreadable.
struct LockFieldError: Error {
  var name: String

  static func field<Value>(
    _ name: String, in json: JSONValue, _ read: (JSONValue) -> Value?
  ) throws(LockFieldError) -> Value {
    guard let value = json[name].flatMap(read) else { throw LockFieldError(name: name) }
    return value
  }

  /// Nil when it is absent.
  static func optional<Value>(
    _ name: String, in json: JSONValue, _ read: (JSONValue) -> Value?
  ) throws(LockFieldError) -> Value? {
    guard let value = json[name] else { return nil }
    guard let read = read(value) else { throw LockFieldError(name: name) }
    return read
  }

  static func list<Element>(
    _ name: String, in json: JSONValue, _ read: (JSONValue) -> Element?
  ) throws(LockFieldError) -> [Element] {
    guard let array = json[name]?.array else { throw LockFieldError(name: name) }
    let elements = array.compactMap(read)
    guard elements.count == array.count else { throw LockFieldError(name: name) }
    return elements
  }
}

extension LockedDependency {
  init?(_ json: JSONValue) {
    guard let name = json["name"]?.string.flatMap({ PackageName($0) }) else { return nil }
    let markerText = json["marker"]?.string
    let marker = markerText.flatMap { Marker($0) }
    guard markerText == nil || marker != nil else { return nil }
    self.init(
      name: name, version: json["version"]?.string, extras: json["extras"]?.strings ?? [], marker: marker)
  }

  var json: JSONValue {
    var object = JSONObject([("name", JSONValue.string(name.text))])
    if let version { object["version"] = .string(version) }
    if !extras.isEmpty { object["extras"] = .strings(extras) }
    if let marker { object["marker"] = .string(marker.description) }
    return .object(object)
  }
}

extension LockedPackage {
  init?(_ json: JSONValue) {
    guard let name = json["name"]?.string.flatMap({ PackageName($0) }), let version = json["version"]?.string,
      let files = json["files"]?.array
    else { return nil }
    let markerText = json["marker"]?.string
    let marker = markerText.flatMap { Marker($0) }
    guard markerText == nil || marker != nil else { return nil }
    let edges = json["dependencies"]?.array ?? []
    let dependencies = edges.compactMap { LockedDependency($0) }
    let locked = files.compactMap { LockedFile($0) }
    guard dependencies.count == edges.count, locked.count == files.count else { return nil }
    var extras: [String: [LockedDependency]] = [:]
    for (extra, value) in json["extras"]?.object?.members ?? [] {
      guard let array = value.array else { return nil }
      extras[extra] = array.compactMap { LockedDependency($0) }
      guard extras[extra]?.count == array.count else { return nil }
    }
    let sourceText = json["source"]?.string
    let source = sourceText.flatMap { PackageSource($0) }
    guard sourceText == nil || source != nil else { return nil }
    self.init(
      name: name, version: version, marker: marker, dependencies: dependencies, extras: extras, source: source,
      files: locked)
  }
}

extension LockedFile {
  init?(_ json: JSONValue) {
    guard let name = json["name"]?.string, Self.isFileName(name),
      let digest = json["sha256"]?.string.flatMap({ SHA256Digest(hex: $0) })
    else { return nil }
    self.init(name: name, size: json["size"]?.int, sha256: digest)
  }

  /// A list of files as the bytes of a record of the content store.
  static func record(_ files: [LockedFile]) -> [UInt8] { JSONValue.array(files.map(\.json)).bytes() }

  /// The files of such a record; nil if it is invalid.
  static func list(_ record: [UInt8]) -> [LockedFile]? {
    guard let array = (try? JSONValue(parsing: record))?.array else { return nil }
    let files = array.compactMap { LockedFile($0) }
    return files.count == array.count ? files : nil
  }

  var json: JSONValue {
    var object = JSONObject([("name", JSONValue.string(name))])
    if let size { object["size"] = .int(size) }
    object["sha256"] = .string(sha256.hex)
    return .object(object)
  }
}

extension JSONValue {
  /// On one line, with a space after commas and colons.
  fileprivate var spacedText: String {
    switch self {
    case .array(let elements): "[" + elements.map(\.spacedText).joined(separator: ", ") + "]"
    case .object(let object):
      "{"
        + object.members.map { "\(JSONValue.string($0.name).text()): \($0.value.spacedText)" }.joined(separator: ", ")
        + "}"
    default: text()
    }
  }
}
