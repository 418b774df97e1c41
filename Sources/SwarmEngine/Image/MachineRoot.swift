internal import Diagnostics
internal import Glibc
internal import SystemSupport

/// Puts programs of this machine with the libraries that they need into the root of an image.
struct MachineRoot {
  /// Where packages of Debian and others have libraries that are loaded when they are first used, not at the start.
  private static let lateLibraries = ["libcurl.so.4", "libarchive.so.13", "libnss_files.so.2", "libnss_dns.so.2"]
  /// Programs that command lines of jobs use, as far as they are here.
  private static let programs = [
    "sh", "bash", "cat", "ls", "cp", "mv", "rm", "mkdir", "rmdir", "ln", "touch", "chmod", "sleep", "echo", "printf",
    "date", "id", "env", "test", "[", "true", "false", "head", "tail", "grep", "sed", "awk", "mawk", "sort", "uniq",
    "wc",
    "tr", "cut", "find", "xargs", "tee", "kill", "ps", "uname", "hostname", "df", "du", "stat", "readlink", "basename",
    "dirname", "seq", "timeout", "nproc",
  ]

  /// Adds the directories and files that every program expects.
  static func addSkeleton(to tar: inout TarFile) throws {
    for name in [
      "usr", "usr/bin", "usr/lib", "usr/lib64", "usr/sbin", "etc", "proc", "sys", "dev", "run", "var", "opt",
    ] {
      try tar.add(name, .directory)
    }
    for name in ["bin", "lib", "lib64", "sbin"] { try tar.add(name, .link(to: "usr/\(name)")) }
    try tar.add("tmp", .directory, mode: 0o1777)
    try tar.add(
      "etc/passwd",
      .bytes(Array("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n".utf8)))
    try tar.add("etc/group", .bytes(Array("root:x:0:\nnogroup:x:65534:\n".utf8)))
    try tar.add("etc/nsswitch.conf", .bytes(Array("passwd: files\ngroup: files\nhosts: files dns\n".utf8)))
    for name in ["etc/os-release", "etc/ssl/certs/ca-certificates.crt", "etc/ld.so.conf"]
    where FileSystem.exists(FilePath("/" + name)) {
      try tar.add(name, .file(FilePath("/" + name)))
    }
  }

  /// Adds the interpreter of a command such as `python3`, with its standard library.
  static func addPython(_ command: String, to tar: inout TarFile) throws {
    guard let found = Subprocess.find(command) else {
      throw Diagnostic(
        .environment, "the interpreter \"\(command)\" is not installed",
        remedies: ["install the package python3", "name a base with `--base` that has an interpreter"])
    }
    let program = try FileSystem.canonicalPath(found)
    let script = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    let outcome = try Subprocess(program.string, ["-I", "-S", "-c", script]).run()
    let library = outcome.text.split(separator: "\n").first.map(String.init) ?? ""
    guard outcome.termination.isSuccess, library.hasPrefix("/") else {
      throw Diagnostic(.environment, "the interpreter \"\(program)\" does not run: \(outcome.errorText)")
    }
    try add(program: program, to: &tar)
    if program.string != "/usr/bin/python3" { try tar.add("usr/bin/python3", .link(to: program.string)) }
    try addTree(FilePath(library), to: &tar) { path in
      let parts = path.split(separator: "/")
      return !parts.contains {
        ["test", "tests", "idlelib", "__pycache__", "ensurepip", "tkinter", "site-packages", "dist-packages"].contains(
          $0)
      }
        && !(parts.first?.hasPrefix("config-") ?? false)
    }
  }

  /// Adds the programs that command lines use, and a shell.
  static func addPrograms(to tar: inout TarFile) throws {
    for name in programs {
      if let path = Subprocess.find(name) { try add(program: path, named: "usr/bin/\(name)", to: &tar) }
    }
  }

  /// Adds a program, and the libraries that it is linked with.
  static func add(program: FilePath, named name: String? = nil, to tar: inout TarFile) throws {
    let place = try name ?? relative(program)
    try parents(of: place, in: &tar)
    try tar.add(place, .file(try FileSystem.canonicalPath(program)), mode: 0o755)
    try addLibraries(of: program, to: &tar)
  }

  /// Adds libraries that programs of Kilt load when they first need them.
  static func addLateLibraries(to tar: inout TarFile) throws {
    let text = try Subprocess("/sbin/ldconfig", ["-p"]).run().text
    for line in text.split(separator: "\n") {
      let parts = line.split(whereSeparator: \.isWhitespace)
      guard let name = parts.first, lateLibraries.contains(String(name)), let path = parts.last, path.hasPrefix("/")
      else { continue }
      try add(library: FilePath(String(path)), to: &tar)
      try addLibraries(of: FilePath(String(path)), to: &tar)
    }
  }

  private static func addLibraries(of program: FilePath, to tar: inout TarFile) throws {
    let outcome = try Subprocess("/usr/bin/ldd", [program.string]).run()
    // A program that is linked statically, or a script, needs none.
    guard outcome.termination.isSuccess else { return }
    for line in outcome.text.split(separator: "\n") {
      for word in line.split(whereSeparator: \.isWhitespace) where word.hasPrefix("/") {
        try add(library: FilePath(String(word)), to: &tar)
      }
    }
  }

  private static func add(library: FilePath, to tar: inout TarFile) throws {
    let place = try relative(library)
    try parents(of: place, in: &tar)
    try tar.add(place, .file(try FileSystem.canonicalPath(library)), mode: 0o755)
  }

  private static func addTree(
    _ root: FilePath, to tar: inout TarFile, where isWanted: (Substring) -> Bool
  ) throws {
    var waiting = [root]
    while let directory = waiting.popLast() {
      let place = try relative(directory.appending("x")).dropLast(2)
      try parents(of: String(place) + "/x", in: &tar)
      for entry in try FileSystem.list(directory).sorted(by: { $0.name < $1.name }) {
        let path = directory.appending(entry.name)
        let below = path.string.dropFirst(root.string.count + 1)
        guard isWanted(below) else { continue }
        let status = try FileSystem.status(of: path)
        switch status.kind {
        case .directory: waiting.append(path)
        case .file:
          try tar.add("\(place)/\(entry.name)", .file(path))
          if entry.name.hasSuffix(".so") { try addLibraries(of: path, to: &tar) }
        default: break
        }
      }
    }
  }

  /// A path below the root, without the links that directories such as `/lib` are; the last component stays.
  private static func relative(_ path: FilePath) throws -> String {
    let directory = try FileSystem.canonicalPath(path.removingLastComponent())
    return String(directory.appending(path.lastComponent?.string ?? "").string.dropFirst())
  }

  private static func parents(of name: String, in tar: inout TarFile) throws {
    var path = ""
    for part in name.split(separator: "/").dropLast() {
      path += path.isEmpty ? String(part) : "/\(part)"
      try tar.add(path, .directory)
    }
  }
}
