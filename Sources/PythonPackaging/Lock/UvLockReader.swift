import Digests
import JSON
import SystemSupport
internal import TOML

/// Reads `uv.lock`: packages, edges, files. Hosts are dropped on the way.
struct UvLockReader {
  private let json: JSONObject
  private let path: String
  private let root: FilePath

  /// - Parameters:
  ///   - path: the lockfile's, from the workspace root: for messages, and because local paths begin beside it.
  ///   - root: the workspace's.
  init(_ bytes: [UInt8], path: String, root: FilePath) throws(LockError) {
    do throws(TOMLDocument.Failure) {
      json = try TOMLDocument(parsing: bytes).root
    } catch {
      throw .unreadable(path: path, line: error.line, reason: error.message)
    }
    self.path = path
    self.root = root
    guard json["version"]?.int == 1, json["package"] != nil else {
      let isPoetrys = json["metadata"]?["lock-version"] != nil
      throw .unreadable(
        path: path, line: nil,
        reason: isPoetrys
          ? "it is a lockfile of Poetry; export it with `poetry export -o requirements.txt`"
          : "unknown lockfile format, or unsupported uv.lock version")
    }
  }

  /// The lock that a user's own uv made.
  func lockfile() throws(LockError) -> Lockfile {
    guard let requiresPython = SpecifierSet(json["requires-python"]?.string ?? "") else {
      throw bad("the field \"requires-python\"")
    }
    let (roots, packages) = try content(keepsFolders: true) { LockfileReader.resolve($1, besides: path) }
    let members = try members()
    if packages.isEmpty, members.isEmpty { throw bad("it contains no packages") }
    var lockfile = Lockfile(requiresPython: requiresPython, requirements: [], roots: roots, packages: packages)
    lockfile.format = .uv
    lockfile.members = members
    lockfile.hasConflicts = !(json["conflicts"]?.array ?? []).isEmpty
    for text in json["supported-markers"]?.strings ?? [] {
      guard let marker = Marker(text) else { throw bad("the marker \"\(text)\"") }
      lockfile.environments.append(marker)
    }
    return lockfile
  }

  /// The lockfile of the project of ``UvResolver``.
  ///
  /// - Parameter folder: the directory of the project.
  func lockfile(for request: LockRequest, folder: FilePath) throws(LockError) -> Lockfile {
    var (roots, packages) = try content(keepsFolders: false) { name, source in
      for requirement in request.requirements where requirement.name == name {
        if let url = requirement.url, case .path(let path) = PackageSource(url) { return path }
      }
      var path = folder.pushing(FilePath(source)).lexicallyNormalized()
      _ = path.removePrefix(root)
      return path.string
    }
    for index in packages.indices {
      packages[index].files = request.allowed(packages[index].files, of: packages[index].name)
    }
    roots = Set(roots).sorted {
      ($0.name, $0.version ?? "", $0.marker?.description ?? "") < (
        $1.name, $1.version ?? "", $1.marker?.description ?? ""
      )
    }
    return Lockfile(
      requiresPython: request.requiresPython, requirements: request.requirementTexts,
      constraints: request.constraintTexts, overrides: request.overrideTexts, excludes: request.excludeTexts,
      platforms: request.platforms, roots: roots, packages: packages)
  }

  /// The requirements of the lockfile's projects, and all other packages.
  ///
  /// - Parameters:
  ///   - keepsFolders: whether packages from directories of files keep their path; otherwise find-links finds them
  ///     again.
  ///   - place: converts a local path of the lockfile, or of a package, to the form in Kilt's lockfiles.
  private func content(
    keepsFolders: Bool, _ place: (PackageName, String) -> String
  ) throws(LockError) -> (roots: [LockedDependency], packages: [LockedPackage]) {
    var roots: [LockedDependency] = []
    var packages: [LockedPackage] = []
    for entry in json["package"]?.array ?? [] {
      if try isMember(entry, keepsFolders) {
        for group in ["optional-dependencies", "dev-dependencies"] {
          for (_, dependencies) in entry[group]?.object?.members ?? [] { roots += try edges(dependencies) }
        }
        roots += try edges(entry["dependencies"])
      } else {
        packages.append(try package(entry, keepsFolders: keepsFolders, place))
      }
    }
    packages.sort { left, right in
      left.name != right.name ? left.name < right.name : Self.precedes(left.version, right.version)
    }
    return (roots, packages)
  }

  /// Whether a package is a project whose code is in the workspace: a project with compiled code is built like any
  /// other directory.
  private func isMember(_ entry: JSONValue, _ keepsFolders: Bool) throws(LockError) -> Bool {
    let source = entry["source"]
    if source?["virtual"] != nil { return true }
    guard let folder = source?["editable"]?.string else { return false }
    if !keepsFolders { return true }
    return try !compiles(LockfileReader.resolve(folder, besides: path))
  }

  /// Whether the build of a project compiles code, so that its files differ from its wheel.
  private func compiles(_ folder: String) throws(LockError) -> Bool {
    let file = folder.isEmpty ? "pyproject.toml" : folder + "/pyproject.toml"
    let document: TOMLDocument
    do {
      document = try TOMLDocument(parsing: FileSystem.read(root.appending(file), limit: 16 << 20))
    } catch let error as SystemCallError where error.isMissing {
      return false
    } catch {
      // Without an answer, a project could be packed without its compiled code.
      throw bad("the project in \"\(file)\" cannot be read: \(error)")
    }
    let system = document.root["build-system"]
    let backend = system?["build-backend"]?.string ?? ""
    if ["maturin", "scikit_build_core", "mesonpy", "setuptools_rust"].contains(where: backend.hasPrefix) {
      return true
    }
    guard backend.isEmpty || backend.hasPrefix("setuptools") else { return false }
    if document.root["tool"]?["setuptools"]?["ext-modules"] != nil { return true }
    let compilers = ["cython", "pybind11", "setuptools-rust", "cffi", "nanobind", "mypy"]
    return (system?["requires"]?.strings ?? []).contains { text in
      compilers.contains(
        PackageName.normalize(String(text.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) })))
    }
  }

  /// The projects of the lockfile, with their dependency groups as extras, and a member with the groups of a root
  /// without a project.
  private func members() throws(LockError) -> [LockedPackage] {
    var found: [LockedPackage] = []
    for entry in json["package"]?.array ?? [] where try isMember(entry, true) {
      guard let name = entry["name"]?.string.flatMap({ PackageName($0) }) else { throw bad("a package without name") }
      // Its version does not identify its dependencies.
      var member = LockedPackage(name: name, version: "")
      member.dependencies = try edges(entry["dependencies"])
      for (extra, dependencies) in entry["optional-dependencies"]?.object?.members ?? [] {
        member.extras[PackageName.normalize(extra)] = try edges(dependencies)
      }
      for (group, dependencies) in entry["dev-dependencies"]?.object?.members ?? [] {
        member.extras[Lockfile.groupExtra(group)] = try edges(dependencies)
      }
      found.append(member)
    }
    if let groups = json["manifest"]?["dependency-groups"]?.object, let name = PackageName(Lockfile.rootMember) {
      var member = LockedPackage(name: name, version: "")
      for (group, dependencies) in groups.members {
        member.extras[Lockfile.groupExtra(group)] = try edges(dependencies, extrasKey: "extras")
      }
      found.append(member)
    }
    return found
  }

  private static func precedes(_ left: String, _ right: String) -> Bool {
    guard let l = Version(left), let r = Version(right) else { return left < right }
    return l < r
  }

  private func package(
    _ entry: JSONValue, keepsFolders: Bool, _ place: (PackageName, String) -> String
  ) throws(LockError) -> LockedPackage {
    guard let name = entry["name"]?.string.flatMap({ PackageName($0) }) else { throw bad("a package without name") }
    // A project in a directory can compute its version during the build.
    let isFolder = entry["source"]?["directory"] != nil || entry["source"]?["editable"] != nil
    guard let version = entry["version"]?.string ?? (isFolder ? "" : nil) else {
      throw bad("the package \(name) without version")
    }
    var package = LockedPackage(name: name, version: version)
    if let texts = entry["resolution-markers"]?.strings, !texts.isEmpty {
      package.marker = Marker(texts.map { texts.count > 1 ? "(\($0))" : $0 }.joined(separator: " or "))
      guard package.marker != nil else { throw bad("the markers of \(name)") }
    }
    for (extra, dependencies) in entry["optional-dependencies"]?.object?.members ?? [] {
      package.extras[PackageName.normalize(extra)] = try edges(dependencies)
    }
    package.dependencies = try edges(entry["dependencies"])
    try setSource(of: &package, entry, place)
    for wheel in entry["wheels"]?.array ?? [] { package.files.append(try file(wheel, package)) }
    if let source = entry["sdist"] { package.files.append(try file(source, package)) }
    package.files.sort { $0.name < $1.name }
    if !keepsFolders, entry["source"]?["registry"] != nil { package.source = nil }
    return package
  }

  private func setSource(
    of package: inout LockedPackage, _ entry: JSONValue, _ place: (PackageName, String) -> String
  ) throws(LockError) {
    let source = entry["source"]
    if let folder = source?["editable"]?.string {
      package.source = .path(place(package.name, folder))
    } else if let git = source?["git"]?.string {
      package.source = Self.git(git)
      guard package.source != nil else {
        throw bad("the git source of \(package.name) has no commit or contains a password")
      }
    } else if let url = source?["url"]?.string {
      package.source = PackageSource(url)
      guard package.source != nil else { throw bad("the URL of \(package.name)") }
    } else if let path = source?["directory"]?.string ?? source?["path"]?.string {
      package.source = .path(place(package.name, path))
    } else if let registry = source?["registry"]?.string, registry.range(of: "://") == nil,
      let file = (entry["wheels"]?.array?.first ?? entry["sdist"])?["path"]?.string
    {
      package.source = .path(place(package.name, FilePath(registry).pushing(FilePath(file)).string))
    }
  }

  /// `URL?subdirectory=x&rev=main#COMMIT`
  private static func git(_ text: String) -> PackageSource? {
    let parts = text.split(separator: "#", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    let halves = parts[0].split(separator: "?", maxSplits: 1)
    let options = halves.count > 1 ? halves[1].split(separator: "&") : []
    let subdirectory = options.first { $0.hasPrefix("subdirectory=") }.map {
      "#subdirectory=" + PercentEncoding.decodeLeniently(String($0.dropFirst("subdirectory=".count)))
    }
    return PackageSource("git+\(halves[0])@\(parts[1])\(subdirectory ?? "")")
  }

  private func edges(
    _ value: JSONValue?, extrasKey: String = "extra"
  ) throws(LockError) -> [LockedDependency] {
    try (value?.array ?? []).map { edge throws(LockError) in
      guard let name = edge["name"]?.string.flatMap({ PackageName($0) }) else { throw bad("an edge without name") }
      let text = edge["marker"]?.string
      let marker = text.flatMap { Marker($0) }
      guard text == nil || marker != nil else { throw bad("the marker \"\(text ?? "")\"") }
      let extras = (edge[extrasKey]?.strings ?? []).map { PackageName.normalize($0) }.sorted()
      return LockedDependency(name: name, version: edge["version"]?.string, extras: extras, marker: marker)
    }
  }

  /// A file of an index has a URL and a hash; a file of a directory has a path, and its hash is computed at its use.
  private func file(_ value: JSONValue, _ package: LockedPackage) throws(LockError) -> LockedFile {
    let place = value["filename"]?.string ?? value["path"]?.string ?? value["url"]?.string ?? ""
    let hash = value["hash"]?.string
    if hash == nil, case .path(let first) = package.source {
      guard let name = LockedFile(url: place, size: nil, sha256: .of([]))?.name else {
        throw bad("a file of \(package.name) without name")
      }
      let path = FilePath(first).removingLastComponent().appending(name)
      do throws(SystemCallError) {
        let (digest, size) = try SHA256Digest.ofFile(root.pushing(path))
        return LockedFile(name: name, size: size, sha256: digest)
      } catch {
        throw .resolverFailed(summary: "cannot read \"\(name)\" of \(package.name)", notes: ["\(error)"])
      }
    }
    guard let hash, hash.hasPrefix("sha256:"), let digest = SHA256Digest(hex: hash.dropFirst("sha256:".count)),
      let file = LockedFile(url: place, size: value["size"]?.int, sha256: digest)
    else { throw bad("a file of \(package.name) without name or SHA-256 hash") }
    return file
  }

  private func bad(_ what: String) -> LockError { .unreadable(path: path, line: nil, reason: what) }
}
