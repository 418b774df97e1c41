public import SystemSupport

extension Repository {
  /// The repository that a text of a configuration file or an option names: a path, `file:PATH`,
  /// `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`, `http://HOST/PATH` or `https://HOST/PATH` (read-only).
  ///
  /// Contacts nothing yet. A relative path is relative to `base`.
  public init(opening text: String, relativeTo base: FilePath? = nil) throws(ArtifactError) {
    if text.hasPrefix("s3://") {
      self.init(S3Storage(try S3Location(parsing: text), limits: try .configured()))
    } else if text.hasPrefix("http://") || text.hasPrefix("https://") {
      self.init(try HTTPStorage(text, limits: try .configured()))
    } else {
      self.init(directory: try Self.directory(text, base))
    }
  }

  /// The directory that a text names.
  static func directory(_ text: String, _ base: FilePath?) throws(ArtifactError) -> FilePath {
    var path = Substring(text)
    if path.hasPrefix("file://") {
      path = path.dropFirst(7)
      if path.hasPrefix("localhost/") { path = path.dropFirst(9) }
      guard path.hasPrefix("/") else { throw .invalidRepository(text, reason: "file:// needs an absolute path") }
    } else if path.hasPrefix("file:") {
      path = path.dropFirst(5)
    } else if text.utf8.contains(UInt8(ascii: ":")), text.prefix(while: { $0 != "/" }).hasSuffix(":") {
      throw .invalidRepository(text, reason: "unknown scheme \"\(text.prefix { $0 != ":" })\"")
    }
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .invalidRepository(text, reason: "the path is empty") }
    let directory = FilePath(String(path))
    return directory.isAbsolute ? directory : (base ?? "").pushing(directory)
  }
}
