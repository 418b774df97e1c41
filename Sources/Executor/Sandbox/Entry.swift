import CSystemShims
import Glibc

/// What a child does between its start and the program it becomes: `kilt-executor enter OPTIONS -- PROGRAM …`.
///
/// A program of its own, because these steps must happen in the child, and between fork and exec of a process with
/// threads nothing of the kind is safe.
struct Entry: Hashable {
  /// A file opened for the program.
  struct Opened: Hashable {
    var descriptor: Int32
    var path: String
    var isWritten: Bool
  }

  var memberFiles: [String]
  var opened: [Opened] = []
  var limits: ControlGroupLimits?
  var environmentFile: String?
  var directory: String?
  var user: TaskUser?
  var isFiltered = false

  init(memberFiles: [String] = []) { self.memberFiles = memberFiles }

  /// The arguments after `enter`.
  func arguments(parent: Int32, program: [String]) -> [String] {
    var arguments = ["--parent", "\(parent)"]
    for file in memberFiles { arguments += ["--member-file", file] }
    for file in opened {
      arguments += [file.isWritten ? "--write" : "--read", "\(file.descriptor)", file.path]
    }
    if let limits { arguments += ["--limits", "\(limits.memory)", "\(limits.processes)"] }
    if let environmentFile { arguments += ["--environment", environmentFile] }
    if let directory { arguments += ["--directory", directory] }
    if let user { arguments += ["--user", "\(user.id)", "\(user.group)", user.name] }
    if isFiltered { arguments += ["--filter"] }
    return arguments + ["--"] + program
  }

  /// Parses what ``arguments(parent:program:)`` has made.
  static func parse(_ arguments: [String]) throws(ExecutorError) -> (entry: Entry, parent: Int32, program: [String]) {
    var entry = Entry()
    var parent: Int32 = 0
    var rest = arguments[...]
    func value() throws(ExecutorError) -> String {
      guard let value = rest.popFirst() else { throw .usage("kilt-executor enter: an option lacks its value") }
      return value
    }
    func number<T: FixedWidthInteger>(_: T.Type) throws(ExecutorError) -> T {
      let text = try value()
      guard let number = T(text) else { throw .usage("kilt-executor enter: '\(text)' is not a number") }
      return number
    }
    while let option = rest.popFirst() {
      switch option {
      case "--parent": parent = try number(Int32.self)
      case "--member-file": entry.memberFiles.append(try value())
      case "--read", "--write":
        let descriptor = try number(Int32.self)
        entry.opened.append(Opened(descriptor: descriptor, path: try value(), isWritten: option == "--write"))
      case "--limits":
        let memory = try number(Int.self)
        entry.limits = ControlGroupLimits(milliCPU: 0, memory: memory, processes: try number(Int.self))
      case "--environment": entry.environmentFile = try value()
      case "--directory": entry.directory = try value()
      case "--user":
        let id = try number(UInt32.self)
        let group = try number(UInt32.self)
        entry.user = TaskUser(name: try value(), id: id, group: group)
      case "--filter": entry.isFiltered = true
      case "--":
        guard !rest.isEmpty else { throw .usage("kilt-executor enter: no program") }
        return (entry, parent, Array(rest))
      default: throw .usage("kilt-executor enter: unknown option '\(option)'")
      }
    }
    throw .usage("kilt-executor enter: no program")
  }

  /// Takes the steps and becomes the program. Returns only by an error.
  func become(program: [String], parent: Int32) throws(ExecutorError) -> Never {
    try dieWith(parent: parent)
    for file in memberFiles { try SmallFile.write("0", to: file) }
    try setLimits()
    for file in opened { try openFile(file) }
    if let directory, chdir(directory) != 0 { throw .last("chdir", directory) }
    var environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    if let environmentFile {
      environment = (SmallFile.read(environmentFile) ?? "").split(separator: "\0").map(String.init)
    }
    if let user {
      try become(user)
      // A change of user has taken the signal back.
      try dieWith(parent: parent)
    }
    if isFiltered { try SystemCallFilter.load() }
    var arguments = program.map { strdup($0) } + [nil]
    var variables = environment.map { strdup($0) } + [nil]
    execve(program[0], &arguments, &variables)
    throw .last("execve", program[0])
  }

  /// An executor that is killed takes its processes along.
  private func dieWith(parent: Int32) throws(ExecutorError) {
    guard kilt_set_parent_death_signal(SIGKILL) == 0 else { throw .last("prctl", "PR_SET_PDEATHSIG") }
    // It may have died before this call.
    if parent > 0, getppid() != parent { exit(1) }
  }

  private func setLimits() throws(ExecutorError) {
    // A core file would be written with the sandbox's quota and seldom be read.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(4), &none)
    guard let limits else { return }
    if limits.memory > 0 {
      // RLIMIT_DATA counts private writable mappings, so runtimes that only reserve address space still start.
      var memory = rlimit(rlim_cur: rlim_t(limits.memory), rlim_max: rlim_t(limits.memory))
      guard setrlimit(__rlimit_resource_t(2), &memory) == 0 else { throw .last("setrlimit", "RLIMIT_DATA") }
    }
    if limits.processes > 0 {
      var processes = rlimit(rlim_cur: rlim_t(limits.processes), rlim_max: rlim_t(limits.processes))
      guard setrlimit(__rlimit_resource_t(6), &processes) == 0 else { throw .last("setrlimit", "RLIMIT_NPROC") }
    }
  }

  private func openFile(_ file: Opened) throws(ExecutorError) {
    let flags = file.isWritten ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY
    let descriptor = open(file.path, flags | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .last("open", file.path) }
    guard dup2(descriptor, file.descriptor) >= 0 else { throw .last("dup2", file.path) }
  }

  private func become(_ user: TaskUser) throws(ExecutorError) {
    if user.id == getuid(), user.id != 0 { return }
    guard initgroups(user.name, user.group) == 0 else { throw .last("initgroups", user.name) }
    guard setgid(user.group) == 0 else { throw .last("setgid", user.name) }
    guard setuid(user.id) == 0 else { throw .last("setuid", user.name) }
  }
}
