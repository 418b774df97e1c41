public import ContentStore
import Digests
import HTTPClient
import SystemSupport

/// Copies locked files into the content store, from directories and from indexes.
public final class PackageIndex: Sendable {
  private let configuration: IndexConfiguration
  private let store: ContentStore
  private let client = HTTPClient()
  /// No page of an index is larger.
  private static let pageLimit: Int64 = 256 << 20

  public init(_ configuration: IndexConfiguration, store: ContentStore) {
    self.configuration = configuration
    self.store = store
  }

  /// Ensures that a file is in the store. For an existing file this costs one lookup.
  ///
  /// - Throws: ``IndexError``, `HTTPError`, `ContentStoreError`; leaves nothing incomplete.
  public func fetch(_ file: LockedFile, of package: PackageName) throws {
    guard !store.contains(file.sha256) else { return }
    var mismatch: IndexError?
    var lookedAt: [String] = []
    for place in configuration.findLinks {
      if let folder = Self.folder(place) {
        let path = folder.appending(file.name)
        lookedAt.append(path.string)
        guard FileSystem.exists(path) else { continue }
        mismatch = try Self.mismatch(file, source: path.string) {
          try store.put(file: path, expecting: file.sha256)
        }
        if mismatch == nil { return }
      } else {
        lookedAt.append(redactedURL(place))
        if try fetch(file, fromPage: place, &mismatch) { return }
      }
    }
    for index in configuration.indexes {
      let page = Self.page(of: package, in: index)
      lookedAt.append(redactedURL(page))
      if try fetch(file, fromPage: page, &mismatch) { return }
    }
    throw mismatch ?? .notFound(file: file.name, lookedAt: lookedAt)
  }

  /// Brings a file of this machine into the store.
  func fetch(_ file: LockedFile, from path: FilePath) throws {
    guard !store.contains(file.sha256) else { return }
    guard FileSystem.exists(path) else { throw IndexError.notFound(file: file.name, lookedAt: [path.string]) }
    if let mismatch = try Self.mismatch(
      file, source: path.string, storing: { try store.put(file: path, expecting: file.sha256) })
    {
      throw mismatch
    }
  }

  /// Brings a file into the store that has a URL of its own.
  func fetch(_ file: LockedFile, fromURL url: String) throws {
    guard !store.contains(file.sha256) else { return }
    var mismatch: IndexError?
    let location = String(url.prefix { $0 != "#" })
    if try !download(file, from: location, &mismatch) {
      throw mismatch ?? .notFound(file: file.name, lookedAt: [redactedURL(url)])
    }
  }

  /// The files of a package that have one of the hashes which the lock has instead of names.
  ///
  /// - Throws: ``IndexError/noFiles(package:lookedAt:)`` when there is none.
  func files(of package: LockedPackage) throws -> [LockedFile] {
    let wanted = Set(package.unnamedFiles)
    var found: [SHA256Digest: LockedFile] = [:]
    var lookedAt: [String] = []
    func add(_ page: SimplePage) {
      for file in page.files {
        guard let digest = file.sha256.flatMap({ SHA256Digest(hex: $0) }), wanted.contains(digest),
          found[digest] == nil, let locked = LockedFile(url: file.name, size: file.size, sha256: digest)
        else { continue }
        found[digest] = locked
      }
    }
    for place in configuration.findLinks {
      lookedAt.append(redactedURL(place))
      if let folder = Self.folder(place) {
        // A configured directory can be missing.
        for entry in (try? FileSystem.list(folder)) ?? [] where Self.isFile(entry.name, of: package.name) {
          let (digest, size) = try SHA256Digest.ofFile(folder.appending(entry.name))
          if wanted.contains(digest) { found[digest] = LockedFile(name: entry.name, size: size, sha256: digest) }
        }
      } else if let page = try page(place) {
        add(page)
      }
    }
    for index in configuration.indexes where found.count < wanted.count {
      let url = Self.page(of: package.name, in: index)
      lookedAt.append(redactedURL(url))
      if let page = try page(url) { add(page) }
    }
    if found.isEmpty { throw IndexError.noFiles(package: package.title, lookedAt: lookedAt) }
    return found.values.sorted { $0.name < $1.name }
  }

  /// Whether a file has the name of a package's wheel or sdist.
  private static func isFile(_ name: String, of package: PackageName) -> Bool {
    if let wheel = WheelFileName(name) { return wheel.name == package }
    return LockedFile.isSourceDistribution(name) && PackageName.normalize(name).hasPrefix(package.text + "-")
  }

  private static func page(of package: PackageName, in index: String) -> String {
    (index.hasSuffix("/") ? index : index + "/") + package.text + "/"
  }

  /// The directory of a `find-links` entry, unless it is a page.
  private static func folder(_ place: String) -> FilePath? {
    if place.hasPrefix("file://") {
      return FilePath(PercentEncoding.decodeLeniently(String(place.dropFirst("file://".count))))
    }
    return place.range(of: "://") == nil ? FilePath(place) : nil
  }

  /// A page; nil when the index does not know it.
  private func page(_ url: String) throws -> SimplePage? {
    let request = HTTPRequest(
      .get, url, headers: ["Accept": SimplePage.accept], credentials: .netrc, acceptsCompression: true,
      certificateFile: configuration.certificateFile)
    let response = try client.send(request, limit: Self.pageLimit)
    // An index that does not know a project says 404.
    if response.status == 404 || response.status == 410 { return nil }
    try response.requireSuccess(request)
    let type = response.headers["content-type"] ?? "text/html"
    // Links are relative to the final URL of the page; its URL without credentials gets the credentials of the request.
    let base = response.url == redactedURL(url) ? url : response.url
    guard let page = SimplePage(contentType: type, body: response.body, url: base) else {
      throw IndexError.badPage(url: redactedURL(url), reason: "not what its type \"\(type)\" says")
    }
    return page
  }

  /// Whether the page had the file, and it is now in the store. Other files of the same name are remembered.
  private func fetch(_ file: LockedFile, fromPage url: String, _ mismatch: inout IndexError?) throws -> Bool {
    guard let page = try page(url) else { return false }
    let named = page.files.filter { $0.name == file.name }
    if let match = named.first(where: { $0.sha256 == nil || $0.sha256 == file.sha256.hex }) {
      return try download(file, from: match.url, &mismatch)
    }
    if let other = named.first {
      mismatch = .hashMismatch(
        file: file.name, locked: file.sha256, found: "sha256:\(other.sha256 ?? "")", source: redactedURL(url))
    }
    return false
  }

  private func download(_ file: LockedFile, from url: String, _ mismatch: inout IndexError?) throws -> Bool {
    let request = HTTPRequest(.get, url, credentials: .netrc, certificateFile: configuration.certificateFile)
    let writer = try ContentWriter(store)
    let response = try client.download(request, limit: file.size ?? .max) { try writer.write($0) }
    try response.requireSuccess(request)
    mismatch = try Self.mismatch(file, source: redactedURL(url)) { try writer.finish(expecting: file.sha256) }
    return mismatch == nil
  }

  /// The store's refusal of wrong bytes, as an error that names the file; nil when they were right. Any other error is
  /// thrown on.
  private static func mismatch(
    _ file: LockedFile, source: String, storing: () throws -> SHA256Digest
  ) throws -> IndexError? {
    do {
      _ = try storing()
      return nil
    } catch let error as ContentStoreError {
      guard case .wrongDigest(_, let found) = error else { throw error }
      return .hashMismatch(file: file.name, locked: file.sha256, found: "sha256:\(found.hex)", source: source)
    }
  }
}
