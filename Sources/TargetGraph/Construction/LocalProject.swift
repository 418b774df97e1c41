internal import BuildFiles
internal import Diagnostics
internal import JSON
internal import TOML

/// A project in a directory of the workspace, or a wheel or sdist there, that a requirement names by its path.
struct LocalProject {
  /// In the form of its own files.
  var name: String
  /// From the workspace root.
  var path: String
  /// The file that told the name; nil for an archive, whose own name does.
  var origin: String?

  /// - Parameters:
  ///   - target: as written, `./libs/tool` or `file:///…`.
  ///   - folder: the base of paths; paths that do not exist there are relative to the workspace root.
  ///   - text: the whole requirement, for messages.
  init(
    _ target: String, besides folder: String, text: String, at place: SourceLocation?, read: (String) -> [UInt8]?
  ) throws(Diagnostic) {
    guard !target.hasPrefix("/"), !target.hasPrefix("file://") else {
      throw Diagnostic(
        .input, "\"\(text)\" is an absolute path, which does not exist on other machines", at: place,
        remedies: ["write \"NAME @ file:DIR\", relative to the workspace"])
    }
    let paths = [Paths.normalized(Paths.join(folder, target)), Paths.normalized(target)].compactMap(\.self)
    guard !paths.isEmpty else {
      throw Diagnostic(.input, "\"\(text)\" is outside the workspace", at: place)
    }
    if let name = Self.name(ofArchive: String(target.split(separator: "/").last ?? "")) {
      self.init(name: name, path: paths.first { read($0) != nil } ?? paths[0], origin: nil)
      return
    }
    for path in paths {
      for (file, find) in [("pyproject.toml", Self.projectName), ("setup.cfg", Self.setupName)] {
        let origin = Paths.join(path, file)
        guard let bytes = read(origin), let name = find(bytes) else { continue }
        self.init(name: name, path: path, origin: origin)
        return
      }
    }
    throw Diagnostic(
      .input, "cannot find the name of the project \"\(text)\"",
      at: place, notes: ["it has neither a pyproject.toml with [project] name nor a setup.cfg with [metadata] name"],
      remedies: ["write \"NAME @ file:\(paths[0])\""])
  }

  private init(name: String, path: String, origin: String?) {
    self.name = name
    self.path = path
    self.origin = origin
  }

  /// The name in the file name of a wheel or a source distribution; nil for other names.
  static func name(ofArchive file: String) -> String? {
    if file.hasSuffix(".whl") { return file.split(separator: "-").first.map(String.init) }
    for suffix in [".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"] where file.hasSuffix(suffix) {
      guard let dash = file.lastIndex(of: "-"), dash != file.startIndex else { return nil }
      return String(file[..<dash])
    }
    return nil
  }

  private static func projectName(_ bytes: [UInt8]) -> String? {
    // A file that is not TOML contains no name.
    guard let root = (try? TOMLDocument(parsing: bytes))?.root else { return nil }
    return root["project"]?["name"]?.string ?? root["tool"]?["poetry"]?["name"]?.string
  }

  private static func setupName(_ bytes: [UInt8]) -> String? {
    var isMetadata = false
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      if line.hasPrefix("[") { isMetadata = line.hasPrefix("[metadata]") }
      let parts = line.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
      if isMetadata, parts.count == 2, parts[0] == "name" { return parts[1] }
    }
    return nil
  }
}
