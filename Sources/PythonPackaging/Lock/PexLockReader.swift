import Digests
import JSON
internal import SystemSupport

/// Reads lockfiles of pex, also with the comments that Pants puts on top. Hosts are dropped on the way.
struct PexLockReader {
  private let text: LockfileText
  private let path: String
  private let json: JSONValue

  init(_ text: LockfileText, path: String) throws(LockError) {
    self.text = text
    self.path = path
    do throws(JSONError) {
      json = try JSONValue(parsing: text.body)
    } catch {
      throw .unreadable(path: path, line: error.line, reason: error.message)
    }
  }

  func lockfile() throws(LockError) -> Lockfile {
    let requirements = try requirements(of: "requirements")
    var merged: [PackageKey: LockedPackage] = [:]
    let resolves = json["locked_resolves"]?.array ?? []
    for resolve in resolves {
      let marker = try marker(of: resolve)
      for entry in resolve["locked_requirements"]?.array ?? [] {
        let package = try package(entry, marker: marker)
        let key = PackageKey(name: package.name, version: package.version)
        merged[key] = merged[key].map { Self.union($0, package) } ?? package
      }
    }
    // A lockfile without requirements is complete.
    if merged.isEmpty, !requirements.isEmpty || json["locked_resolves"] == nil { throw bad("it contains no packages") }
    var lockfile = Lockfile(
      requiresPython: try requiresPython(), requirements: Set(requirements.map(\.description)).sorted(),
      constraints: Set(try self.requirements(of: "constraints").map(\.description)).sorted(),
      overrides: Set(try self.requirements(of: "overridden").map(\.description)).sorted(),
      excludes: Set(try self.requirements(of: "excluded").map(\.name.text)).sorted(),
      roots: requirements.map { LockedDependency(name: $0.name, extras: $0.extras, marker: $0.marker) },
      packages: merged.values.sorted { ($0.name, $0.version) < ($1.name, $1.version) })
    lockfile.format = .pex
    return lockfile
  }

  private struct PackageKey: Hashable {
    var name: PackageName
    var version: String
  }

  /// One package that several resolves of the lock have.
  private static func union(_ left: LockedPackage, _ right: LockedPackage) -> LockedPackage {
    var package = left
    package.files = Set(left.files + right.files).sorted { $0.name < $1.name }
    if let a = left.marker, let b = right.marker {
      package.marker = a == b ? a : .or([a, b])
    } else {
      package.marker = nil
    }
    return package
  }

  /// The environments of a resolve: the marker of a split resolve, or the meaning of a strict one's platform.
  private func marker(of resolve: JSONValue) throws(LockError) -> Marker? {
    if let text = resolve["marker"]?.string {
      guard let marker = Marker(text) else { throw bad("the marker \"\(text)\"") }
      return marker
    }
    guard (json["locked_resolves"]?.array?.count ?? 0) > 1, let tag = resolve["platform_tag"]?.strings, tag.count == 3
    else { return nil }
    var parts: [Marker] = []
    let digits = tag[0].drop { $0.isLetter }
    if let major = digits.first, digits.count > 1 {
      parts.append(.variableFirst(.pythonVersion, .equal, "\(major).\(digits.dropFirst())"))
    }
    let platform = tag[2]
    parts.append(.variableFirst(.sysPlatform, .equal, platform.hasPrefix("macosx") ? "darwin" : "linux"))
    for machine in ["x86_64", "aarch64", "arm64", "i686", "ppc64le", "s390x", "armv7l"]
    where platform.hasSuffix("_" + machine) { parts.append(.variableFirst(.platformMachine, .equal, machine)) }
    return .and(parts)
  }

  private func package(_ entry: JSONValue, marker: Marker?) throws(LockError) -> LockedPackage {
    guard let name = entry["project_name"]?.string.flatMap({ PackageName($0) }), let version = entry["version"]?.string,
      Version(version) != nil
    else { throw bad("a package without name or version") }
    var package = LockedPackage(name: name, version: version, marker: marker)
    package.setDependencies(try requirements(entry["requires_dists"], what: "the dependencies of \(name)"))
    for artifact in entry["artifacts"]?.array ?? [] {
      guard let url = artifact["url"]?.string else { throw bad("an artifact of \(name) without URL") }
      if url.hasPrefix("git+") {
        package.source = try git(
          url, commit: artifact["commit_id"]?.string, digest: artifact["hash"]?.string ?? "", name)
        continue
      }
      if artifact["editable"] != nil {
        package.source = PackageSource(url)
        guard package.source != nil else { throw bad("the directory of \(name)") }
        continue
      }
      guard artifact["algorithm"]?.string == "sha256",
        let digest = artifact["hash"]?.string.flatMap({ SHA256Digest(hex: $0) }),
        let file = LockedFile(url: url, size: nil, sha256: digest)
      else { throw bad("a file of \(name) without SHA-256 hash") }
      package.files.append(file)
    }
    package.files.sort { $0.name < $1.name }
    return package
  }

  private func git(
    _ url: String, commit: String?, digest: String, _ name: PackageName
  ) throws(LockError) -> PackageSource {
    let parts = url.split(separator: "#", maxSplits: 1)
    var location = String(parts[0])
    let authority = location.range(of: "://")?.upperBound ?? location.startIndex
    if let slash = location[authority...].firstIndex(of: "/"), let at = location[slash...].lastIndex(of: "@") {
      if let commit { location = location[..<at] + "@" + commit }
    } else if let commit {
      location += "@" + commit
    }
    let full = location + (parts.count > 1 ? "#" + parts[1] : "")
    guard let source = PackageSource(full) ?? PackageSource(pexLocation: full, digest: digest) else {
      throw bad("the git source of \(name) is not supported or contains a password")
    }
    return source
  }

  private func requirements(of field: String) throws(LockError) -> [Requirement] {
    try requirements(json[field], what: "the field \"\(field)\"")
  }

  private func requirements(_ value: JSONValue?, what: String) throws(LockError) -> [Requirement] {
    guard let value else { return [] }
    guard let texts = value.strings else { throw bad(what) }
    return try texts.map { text throws(LockError) in
      do throws(RequirementSyntaxError) {
        return try Requirement(text)
      } catch {
        throw bad("\(what): \"\(text)\"")
      }
    }
  }

  private func requiresPython() throws(LockError) -> SpecifierSet {
    let texts = json["requires_python"]?.strings ?? []
    let constraints = texts.compactMap { InterpreterConstraint($0) }
    guard constraints.count == texts.count else { throw bad("the field \"requires_python\"") }
    if !constraints.isEmpty { return SpecifierSet(spanning: constraints) }
    // A lockfile of one interpreter does not record it; Pants does.
    guard let metadata = text.pantsMetadata, let json = try? JSONValue(parsing: Array(metadata.utf8)),
      let noted = json["valid_for_interpreter_constraints"]?.strings
    else { return SpecifierSet() }
    return SpecifierSet(spanning: noted.compactMap { InterpreterConstraint($0) })
  }

  private func bad(_ what: String) -> LockError { .unreadable(path: path, line: nil, reason: what) }
}

extension LockedFile {
  /// A file that a lockfile names by its URL or path; nil when the last part of that cannot be the name of one.
  init?(url: String, size: Int64?, sha256: SHA256Digest) {
    let path = url.prefix { $0 != "#" && $0 != "?" }
    let name = PercentEncoding.decodeLeniently(path.split(separator: "/").last.map(String.init) ?? "")
    guard Self.isFileName(name) else { return nil }
    self.init(name: name, size: size, sha256: sha256)
  }

  /// The name becomes part of paths.
  static func isFileName(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && !name.hasPrefix("-")
      && name.utf8.allSatisfy {
        $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/")
      }
  }
}
