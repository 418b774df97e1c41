internal import PythonPackaging
internal import SystemSupport

/// Creates the directory of an environment from unpacked wheels.
struct EnvironmentTree {
  /// The way in which files of wheels get into it.
  enum Links {
    /// Links to whole directories where one wheel alone has them: few links, and bytecode is shared.
    case symbolic
    /// Separate directories with hard links, or copies on another file system, as an installer leaves them.
    case hard
  }

  private let path: FilePath
  private let final: FilePath
  private let interpreter: Interpreter
  private let links: Links

  /// - Parameters:
  ///   - path: the directory, which exists and is empty.
  ///   - final: its final path, which scripts contain.
  init(at path: FilePath, finally final: FilePath, interpreter: Interpreter, links: Links) {
    self.path = path
    self.final = final
    self.interpreter = interpreter
    self.links = links
  }

  /// Everything: the interpreter's links, `pyvenv.cfg`, wheels.
  func build(_ wheels: [FilePath]) throws {
    try addInterpreter()
    try addWheels(wheels)
  }

  private func addInterpreter() throws {
    let bin = path.appending("bin")
    try FileSystem.createDirectories(bin)
    try FileSystem.createSymbolicLink(at: bin.appending("python"), to: interpreter.path)
    for name in ["python3", interpreter.libraryName] where name != "python" {
      try FileSystem.createSymbolicLink(at: bin.appending(name), to: "python")
    }
    let text = """
      home = \(interpreter.path.removingLastComponent())
      include-system-site-packages = false
      version = \(interpreter.facts.version)

      """
    try FileSystem.write(text: text, to: path.appending("pyvenv.cfg"))
  }

  /// The wheels' files: libraries, scripts, headers, data.
  func addWheels(_ wheels: [FilePath]) throws {
    let library = path.appending("lib/\(interpreter.libraryName)")
    try FileSystem.createDirectories(library)
    try FileSystem.createDirectories(path.appending("bin"))
    let sitePackages = library.appending("site-packages")
    try merge(wheels.map { $0.appending("lib") }, into: sitePackages)
    for wheel in wheels {
      for entry in try FileSystem.list(wheel.appending("lib")) where entry.name.hasSuffix(".dist-info") {
        try addConsoleScripts(of: wheel.appending("lib").appending(entry.name))
      }
    }
    var schemes: [String: [FilePath]] = [:]
    for wheel in wheels where FileSystem.exists(wheel.appending("data")) {
      for entry in try FileSystem.list(wheel.appending("data")) {
        schemes[entry.name, default: []].append(wheel.appending("data").appending(entry.name))
      }
    }
    for folder in schemes["scripts"] ?? [] { try addScripts(from: folder) }
    let headers = path.appending("include/site").appending(interpreter.libraryName)
    if let folders = schemes["headers"] {
      try FileSystem.createDirectories(headers.removingLastComponent())
      try merge(folders, into: headers)
    }
    for folder in schemes["data"] ?? [] { try linkFiles(of: folder, into: path) }
  }

  /// A directory with the contents of all sources; of duplicates the first's is used, directories are merged.
  private func merge(_ sources: [FilePath], into target: FilePath) throws {
    try FileSystem.createDirectories(target)
    var found: [String: [(path: FilePath, isDirectory: Bool)]] = [:]
    for source in sources {
      for entry in try FileSystem.list(source) where entry.name != "__pycache__" && entry.isValidName {
        found[entry.name, default: []].append((source.appending(entry.name), entry.kind == .directory))
      }
    }
    for (name, entries) in found.sorted(by: { $0.key < $1.key }) {
      let place = target.appending(name)
      let folders = entries.filter(\.isDirectory).map(\.path)
      if folders.count == entries.count, links == .hard || folders.count > 1 {
        try merge(folders, into: place)
      } else if entries[0].isDirectory, links == .hard {
        try merge([entries[0].path], into: place)
      } else {
        try link(entries[0].path, to: place)
      }
    }
  }

  private func linkFiles(of folder: FilePath, into target: FilePath) throws {
    for entry in try FileSystem.list(folder) where entry.isValidName {
      let (source, place) = (folder.appending(entry.name), target.appending(entry.name))
      if entry.kind == .directory {
        if links == .symbolic, try FileSystem.statusIfPresent(of: place)?.kind == .symbolicLink {
          // A directory of some wheel, in the cache: a directory of links replaces it.
          let there = try FileSystem.canonicalPath(place)
          try FileSystem.removeFile(place)
          try merge([there], into: place)
        }
        try FileSystem.createDirectories(place)
        try linkFiles(of: source, into: place)
      } else if !FileSystem.exists(place) {
        try link(source, to: place)
      }
    }
  }

  private func link(_ source: FilePath, to place: FilePath) throws {
    guard links == .hard else { return try FileSystem.createSymbolicLink(at: place, to: source) }
    do throws(SystemCallError) {
      try FileSystem.link(source, to: place)
    } catch {
      // Another file system, or one without hard links, or too many of them (EXDEV, EPERM, EMLINK).
      guard [18, 1, 31].contains(error.errno.rawValue) else { throw error }
      let permissions = try FileSystem.status(of: source).permissions
      try FileSystem.copyFile(source, to: place, permissions: permissions)
    }
  }

  // MARK: Scripts

  private func addConsoleScripts(of metadata: FilePath) throws {
    let file = metadata.appending("entry_points.txt")
    guard FileSystem.exists(file) else { return }
    let points = EntryPoints(parsing: try FileSystem.readText(file))
    for point in points.consoleScripts + points.guiScripts {
      guard let attribute = point.attribute, Self.isFileName(point.name) else { continue }
      let text = """
        import re
        import sys
        from \(point.module) import \(attribute.split(separator: ".")[0])
        if __name__ == '__main__':
            sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
            sys.exit(\(attribute)())

        """
      try writeScript(point.name, Array(text.utf8))
    }
  }

  private func addScripts(from folder: FilePath) throws {
    for entry in try FileSystem.list(folder) where entry.kind == .file && entry.isValidName {
      let bytes = try FileSystem.read(folder.appending(entry.name))
      let mark = Array("#!python".utf8)
      if bytes.starts(with: mark) {
        let body = bytes.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        try writeScript(entry.name, Array(body))
      } else if !FileSystem.exists(path.appending("bin").appending(entry.name)) {
        try FileSystem.write(bytes, to: path.appending("bin").appending(entry.name), permissions: 0o755)
      }
    }
  }

  /// A name that stays in its directory.
  private static func isFileName(_ name: String) -> Bool {
    !name.isEmpty && !name.contains("/") && name != "." && name != ".." && !name.contains("\0")
  }

  /// A script that starts the environment's Python. Through a shell: a path with spaces, or longer than 127 bytes,
  /// cannot follow `#!`.
  private func writeScript(_ name: String, _ body: [UInt8]) throws {
    let place = path.appending("bin").appending(name)
    if FileSystem.exists(place) { return }
    var quoted = ""
    for character in final.appending("bin/python").string {
      if "\\\"$`".contains(character) { quoted.append("\\") }
      quoted.append(character)
    }
    let head = "#!/bin/sh\n'''exec' \"\(quoted)\" \"$0\" \"$@\"\n' '''\n"
    try FileSystem.write(Array(head.utf8) + body, to: place, permissions: 0o755)
  }
}
