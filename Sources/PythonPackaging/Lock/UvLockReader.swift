import Digests
import JSON
import SystemSupport
internal import TOML

/// Reads `uv.lock`: packages, edges, files. Hosts are dropped on the way.
struct UvLockReader {
  private let json: JSONObject
  private let path: String
  /// Where relative paths of folders of files begin.
  private let folder: FilePath

  init(_ bytes: [UInt8], path: String, folder: FilePath) throws(LockError) {
    do throws(TOMLDocument.Failure) {
      json = try TOMLDocument(parsing: bytes).root
    } catch {
      throw .unreadable(path: path, line: error.line, reason: error.message)
    }
    self.path = path
    self.folder = folder
    guard json["version"]?.int == 1 else {
      throw .unreadable(path: path, line: nil, reason: "a version of uv's lockfile that is not known")
    }
  }

  /// The lock of the project of ``UvResolver``.
  func lockfile(for request: LockRequest) throws(LockError) -> Lockfile {
    var roots: [LockedDependency] = []
    var packages: [LockedPackage] = []
    for entry in json["package"]?.array ?? [] {
      let source = entry["source"]
      if source?["virtual"] != nil || source?["editable"] != nil {
        for (_, dependencies) in entry["optional-dependencies"]?.object?.members ?? [] {
          roots += try edges(dependencies)
        }
        roots += try edges(entry["dependencies"])
      } else {
        packages.append(try package(entry))
      }
    }
    roots.sort {
      ($0.name, $0.version ?? "", $0.marker?.description ?? "") < (
        $1.name, $1.version ?? "", $1.marker?.description ?? ""
      )
    }
    packages.sort { left, right in
      left.name != right.name ? left.name < right.name : Self.precedes(left.version, right.version)
    }
    return Lockfile(
      requiresPython: request.requiresPython, requirements: request.requirementTexts,
      constraints: request.constraintTexts, overrides: request.overrideTexts, roots: roots, packages: packages)
  }

  private static func precedes(_ left: String, _ right: String) -> Bool {
    guard let l = Version(left), let r = Version(right) else { return left < right }
    return l < r
  }

  private func package(_ entry: JSONValue) throws(LockError) -> LockedPackage {
    guard let name = entry["name"]?.string.flatMap({ PackageName($0) }), let version = entry["version"]?.string else {
      throw bad("a package without name or version")
    }
    var marker: Marker?
    if let texts = entry["resolution-markers"]?.strings, !texts.isEmpty {
      marker = Marker(texts.map { texts.count > 1 ? "(\($0))" : $0 }.joined(separator: " or "))
      guard marker != nil else { throw bad("the markers of \(name)") }
    }
    var extras: [String: [LockedDependency]] = [:]
    for (extra, dependencies) in entry["optional-dependencies"]?.object?.members ?? [] {
      extras[PackageName.normalize(extra)] = try edges(dependencies)
    }
    var files = try (entry["wheels"]?.array ?? []).map { wheel throws(LockError) in
      try file(wheel, name, registry: entry["source"]?["registry"]?.string)
    }
    if let source = entry["sdist"] {
      files.append(try file(source, name, registry: entry["source"]?["registry"]?.string))
    }
    files.sort { $0.name < $1.name }
    return LockedPackage(
      name: name, version: version, marker: marker, dependencies: try edges(entry["dependencies"]), extras: extras,
      source: entry["source"]?["git"]?.string.map { "git+\($0)" } ?? entry["source"]?["url"]?.string, files: files)
  }

  private func edges(_ value: JSONValue?) throws(LockError) -> [LockedDependency] {
    try (value?.array ?? []).map { edge throws(LockError) in
      guard let name = edge["name"]?.string.flatMap({ PackageName($0) }) else { throw bad("an edge without name") }
      let text = edge["marker"]?.string
      let marker = text.flatMap { Marker($0) }
      guard text == nil || marker != nil else { throw bad("the marker \"\(text ?? "")\"") }
      let extras = (edge["extra"]?.strings ?? []).map { PackageName.normalize($0) }.sorted()
      return LockedDependency(name: name, version: edge["version"]?.string, extras: extras, marker: marker)
    }
  }

  /// A file of an index has a URL and a hash; one of a folder a path, and its hash is computed here.
  private func file(_ value: JSONValue, _ package: PackageName, registry: String?) throws(LockError) -> LockedFile {
    if let relative = value["path"]?.string {
      var file = FilePath(registry ?? "").pushing(FilePath(relative))
      if !file.isAbsolute { file = folder.pushing(file) }
      do throws(SystemCallError) {
        let (digest, size) = try SHA256Digest.ofFile(file)
        return LockedFile(name: Self.lastComponent(relative), size: size, sha256: digest)
      } catch {
        throw .resolverFailed(summary: "\"\(relative)\" of \(package) can not be read", notes: ["\(error)"])
      }
    }
    guard let url = value["url"]?.string, let hash = value["hash"]?.string, hash.hasPrefix("sha256:"),
      let digest = SHA256Digest(hex: hash.dropFirst("sha256:".count))
    else { throw bad("a file of \(package) without URL or SHA-256 hash") }
    return LockedFile(name: Self.lastComponent(url), size: value["size"]?.int, sha256: digest)
  }

  /// The file's name in a URL or path.
  private static func lastComponent(_ url: String) -> String {
    let path = url.prefix { $0 != "#" && $0 != "?" }
    return percentDecoded(path.split(separator: "/").last.map(String.init) ?? "")
  }

  private func bad(_ what: String) -> LockError { .unreadable(path: path, line: nil, reason: what) }
}

/// A text with `%41` as `A`; what is no escape stays.
func percentDecoded(_ text: String) -> String {
  var result: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let byte = rest.popFirst() {
    if byte == UInt8(ascii: "%"), rest.count >= 2,
      let decoded = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
    {
      result.append(decoded)
      rest = rest.dropFirst(2)
    } else {
      result.append(byte)
    }
  }
  return String(decoding: result, as: UTF8.self)
}
