import SystemSupport
import Testing

/// The system calls of one run, as strace(1) tells them, thread by thread.
struct SystemCalls {
  /// One call on a path, or on a descriptor with what it stands for.
  struct Call {
    var name: String
    /// The first path among its arguments, from the root of the file system.
    var path: String
    /// The whole line.
    var line: String
    var hasFailed: Bool
  }

  let calls: [Call]

  /// Whether processes may be traced here (ptrace(2)).
  static let areTraceable: Bool = {
    guard Subprocess.find("strace") != nil else { return true }
    let outcome = try? Subprocess("strace", ["-o", "/dev/null", "true"]).run()
    return outcome?.termination.isSuccess ?? false
  }()

  /// Runs `kilt` in a workspace under strace; it must succeed.
  init(of arguments: [String], in monorepo: Monorepo, environment changes: [String] = []) throws {
    let strace = try #require(Subprocess.find("strace"), "install strace: scripts/install-dependencies test")
    let folder = monorepo.scratch.appending("trace-\(monotonicNanoseconds())")
    try FileSystem.createDirectories(folder)
    let outcome = try Subprocess(
      strace.string,
      // A file a thread: no call is cut in two by that of another thread.
      ["-ff", "-y", "-qq", "-s", "4096", "-o", folder.appending("t").string, monorepo.kilt.string] + arguments,
      environment: monorepo.environment(changes), workingDirectory: monorepo.root, deadlineMilliseconds: 120_000
    ).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    var calls: [Call] = []
    for entry in try FileSystem.list(folder) {
      for line in try FileSystem.readText(folder.appending(entry.name)).split(separator: "\n") {
        if let call = Self.call(String(line), workingDirectory: monorepo.root.string) { calls.append(call) }
      }
    }
    self.calls = calls
  }

  /// `newfstatat(3</tmp/w>, "src/BUILD", {…}, 0) = 0`
  private static func call(_ line: String, workingDirectory: String) -> Call? {
    guard let open = line.firstIndex(of: "("), !line.hasPrefix("+++"), !line.hasPrefix("---") else { return nil }
    let arguments = line[line.index(after: open)...]
    let first = arguments.prefix { $0 != "," && $0 != ")" }
    var folder = workingDirectory
    if let start = first.firstIndex(of: "<") {
      folder = String(first[first.index(after: start)...].prefix { $0 != ">" })
    }
    var path = folder
    if !line.hasPrefix("write("), !line.hasPrefix("read("), let quote = arguments.firstIndex(of: "\"") {
      let text = arguments[arguments.index(after: quote)...].prefix { $0 != "\"" }
      path = text.hasPrefix("/") ? String(text) : text.isEmpty || text == "." ? folder : folder + "/" + text
    }
    return Call(name: String(line[..<open]), path: path, line: line, hasFailed: line.contains(") = -1 "))
  }

  /// How often each path was looked at with stat(2) or one of its kind.
  var looks: [String: Int] {
    var counts: [String: Int] = [:]
    for call in calls where ["stat", "lstat", "newfstatat", "statx"].contains(call.name) {
      // With an empty path it is fstat(2), of what is open already.
      if call.line.contains("AT_EMPTY_PATH") { continue }
      counts[call.path, default: 0] += 1
    }
    return counts
  }

  /// The paths that were opened, in their order.
  var opened: [String] {
    calls.filter { ["open", "openat", "openat2"].contains($0.name) && !$0.hasFailed }.map(\.path)
  }

  /// The calls that change something on disk: also those that fail.
  var changes: [String] {
    let names: Set = [
      "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "link", "linkat", "symlink",
      "symlinkat", "ftruncate", "truncate", "fallocate", "utimensat", "chmod", "fchmod", "fchmodat", "chown", "fsync",
      "fdatasync", "creat", "pwrite64", "pwritev", "copy_file_range", "sendfile",
    ]
    return calls.filter { call in
      // What is given to a child as its input.
      if call.path == "/dev/null" { return false }
      if names.contains(call.name) { return true }
      if call.name.hasPrefix("open") {
        return ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].contains { call.line.contains($0) }
      }
      guard call.name == "write" || call.name == "writev" else { return false }
      return !["1", "2"].contains(call.line.dropFirst(call.name.count + 1).prefix { $0.isNumber })
    }.map(\.line)
  }

  /// Expects at most one look at each file and directory of a workspace, no source opened, nothing written; gives the looks.
  @discardableResult
  func expectQuiet(
    in monorepo: Monorepo, sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) -> [String: Int] {
    let top = monorepo.root.string + "/"
    func isOfWorkspace(_ path: String) -> Bool { path.hasPrefix(top) && !path.hasPrefix(top + ".kilt/") }
    let looks = looks.filter { isOfWorkspace($0.key) }
    // Whether the directory is a git repository of its own is decided where git is started, beside the walk over files.
    let ofGit: Set<String> = [".git", ".git/HEAD", "HEAD"]
    let twice = looks.filter { $0.value > 1 && !ofGit.contains(String($0.key.dropFirst(top.count))) }.keys.sorted()
    #expect(twice.isEmpty, "looked at more than once: \(twice)", sourceLocation: sourceLocation)
    // The configuration is read in every run: it says what else is to be looked at.
    let opened = opened.filter { isOfWorkspace($0) && $0 != top + "pants.toml" && $0 != top + "kilt.toml" }
    #expect(opened == [], sourceLocation: sourceLocation)
    #expect(changes == [], sourceLocation: sourceLocation)
    return looks
  }
}
