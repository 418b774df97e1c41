import Digests
import JSON
internal import TOML

/// Reads `pylock.toml` (PEP 751). Hosts are dropped on the way.
struct PylockReader {
  private let json: JSONObject
  private let path: String

  init(_ bytes: [UInt8], path: String) throws(LockError) {
    do throws(TOMLDocument.Failure) {
      json = try TOMLDocument(parsing: bytes).root
    } catch {
      throw .unreadable(path: path, line: error.line, reason: error.message)
    }
    self.path = path
    let version = json["lock-version"]?.string ?? ""
    guard version == "1" || version.hasPrefix("1.") else {
      throw .unreadable(path: path, line: nil, reason: "unknown version \"\(version)\" of its format")
    }
  }

  func lockfile() throws(LockError) -> Lockfile {
    let packages = try (json["packages"]?.array ?? []).map { entry throws(LockError) in try package(entry) }
    if packages.isEmpty { throw bad("it contains no packages") }
    var lockfile = Lockfile(
      requiresPython: try specifiers(json["requires-python"], "requires-python"), requirements: [], roots: [],
      packages: packages.sorted { ($0.name, $0.version) < ($1.name, $1.version) })
    lockfile.format = .pylock
    for text in json["environments"]?.strings ?? [] {
      guard let marker = Marker(text) else { throw bad("the environment \"\(text)\"") }
      lockfile.environments.append(marker)
    }
    lockfile.extras = Set(json["extras"]?.strings ?? [])
    lockfile.dependencyGroups = Set(
      (json["dependency-groups"]?.strings ?? []) + (json["default-groups"]?.strings ?? []))
    return lockfile
  }

  private func package(_ entry: JSONValue) throws(LockError) -> LockedPackage {
    guard let name = entry["name"]?.string.flatMap({ PackageName($0) }) else { throw bad("a package without name") }
    let version = entry["version"]?.string ?? ""
    guard version.isEmpty || Version(version) != nil else { throw bad("the version of \(name)") }
    var package = LockedPackage(name: name, version: version)
    if let text = entry["marker"]?.string {
      guard let marker = Marker(text) else { throw bad("the marker \"\(text)\" of \(name)") }
      package.marker = marker
    }
    for wheel in entry["wheels"]?.array ?? [] { package.files.append(try file(wheel, name)) }
    if let sdist = entry["sdist"] { package.files.append(try file(sdist, name)) }
    package.files.sort { $0.name < $1.name }
    if let archive = entry["archive"] {
      let file = try file(archive, name)
      package.files = [file]
      package.source = try source(of: archive, name)
    } else if let directory = entry["directory"] {
      guard let relative = directory["path"]?.string, !relative.isEmpty else { throw bad("the directory of \(name)") }
      package.source = .path(LockfileReader.resolve(relative, besides: path))
    } else if let vcs = entry["vcs"] {
      package.source = try git(vcs, name)
    } else if package.files.isEmpty {
      throw bad("no file of \(name)")
    } else if let local = (entry["wheels"]?.array ?? []).compactMap({ $0["path"]?.string }).first {
      // Files beside the lockfile: all files of a package are in one directory.
      package.source = .path(LockfileReader.resolve(local, besides: path))
    }
    return package
  }

  private func file(_ value: JSONValue, _ name: PackageName) throws(LockError) -> LockedFile {
    let place = value["name"]?.string ?? value["path"]?.string ?? value["url"]?.string ?? ""
    guard let digest = value["hashes"]?["sha256"]?.string.flatMap({ SHA256Digest(hex: lowercased($0)) }) else {
      throw bad("a file of \(name) without SHA-256 hash")
    }
    guard let file = LockedFile(url: place, size: value["size"]?.int, sha256: digest) else {
      throw bad("a file of \(name) without name")
    }
    return file
  }

  private func source(of archive: JSONValue, _ name: PackageName) throws(LockError) -> PackageSource {
    if let relative = archive["path"]?.string { return .path(LockfileReader.resolve(relative, besides: path)) }
    guard let url = archive["url"]?.string, let source = PackageSource(url) else {
      throw bad("the archive of \(name)")
    }
    return source
  }

  private func git(_ vcs: JSONValue, _ name: PackageName) throws(LockError) -> PackageSource {
    let kind = vcs["type"]?.string ?? ""
    guard kind == "git" else { throw bad("the source of \(name): \"\(kind)\" is not supported") }
    let relative = vcs["path"]?.string.map { LockfileReader.resolve($0, besides: path) }
    let url = vcs["url"]?.string ?? relative.map { "file://\($0)" } ?? ""
    let text = "git+\(url)@\(vcs["commit-id"]?.string ?? "")"
    let subdirectory = vcs["subdirectory"]?.string.map { "#subdirectory=\($0)" } ?? ""
    guard let source = PackageSource(text + subdirectory) else {
      throw bad("the git source of \(name) has no commit or contains a password")
    }
    return source
  }

  private func specifiers(_ value: JSONValue?, _ field: String) throws(LockError) -> SpecifierSet {
    guard let text = value?.string else { return SpecifierSet() }
    guard let set = SpecifierSet(text) else { throw bad("the field \"\(field)\"") }
    return set
  }

  private func bad(_ what: String) -> LockError { .unreadable(path: path, line: nil, reason: what) }
}
