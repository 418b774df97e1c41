import CSystemShims
import Glibc
import SystemSupport

/// The start of `kilt-init`: the parent of a run's command, inside the sandbox if there is one.
///
/// It gets all its inputs as open descriptors. So nothing of the host has to be visible in the sandbox, and neither the
/// command line nor the environment is in the arguments of a process that others can list.
struct RunInit {
  /// The words of the command, the program's path first.
  var command: [String]
  var environment: [String: String]
  var directory: String
  /// Whether it is the first process of a PID namespace.
  var isNamespace: Bool
  /// Whether it loads the system call filter itself; bubblewrap has already loaded the filter.
  var isFiltered = false
  /// Whether the command's standard input is a terminal that it controls.
  var hasTerminal = false

  /// Numbers of descriptors in the child. Those up to `filter` are bubblewrap's own.
  enum Descriptor {
    static let arguments: Int32 = 3
    static let filter: Int32 = 4
    static let socket: Int32 = 5
    static let environment: Int32 = 6
    static let command: Int32 = 7
    static let program: Int32 = 8
    static let memberFiles: Int32 = 9
    /// Above the files of control groups, of which there are at most 16.
    static let portRules: Int32 = 28
    /// Above all others.
    static let files: Int32 = 32
  }

  /// The program as the child finds it, wherever it is.
  static let program = "/proc/self/fd/\(Descriptor.program)"

  /// The arguments after the program's name, and the descriptors.
  func prepare(
    _ settings: SandboxSettings, channel: RunChannel
  ) throws(ExecutorError) -> (arguments: [String], descriptors: [Int32: OwnedDescriptor]) {
    var descriptors: [Int32: OwnedDescriptor] = [Descriptor.program: settings.initProgram]
    if let end = channel.childEnd { descriptors[Descriptor.socket] = end }
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    descriptors[Descriptor.environment] = try .memory("environment", Self.joined(variables))
    descriptors[Descriptor.command] = try .memory("command", Self.joined(command))
    var arguments = ["-s", "\(Descriptor.socket)", "-e", "\(Descriptor.environment)", "-c", "\(Descriptor.command)"]
    arguments += ["-d", directory]
    if isNamespace { arguments.append("-n") }
    if hasTerminal { arguments.append("-t") }
    if settings.isRoot {
      arguments += ["-u", "\(settings.user.id)", "-g", "\(settings.user.group)"]
      for group in settings.groups { arguments += ["-a", "\(group)"] }
    }
    var next = Descriptor.memberFiles
    for path in settings.memberFiles {
      // Opened here, with the executor's rights and its view of the host; written by the run a moment before it is the
      // command.
      descriptors[next] = try .open(path, O_WRONLY)
      arguments += ["-m", "\(next)"]
      next += 1
    }
    if let rules = settings.portRules {
      descriptors[Descriptor.portRules] = rules
      arguments += ["-p", "\(Descriptor.portRules)"]
    }
    if isFiltered {
      descriptors[Descriptor.filter] = try .memory("filter", settings.filter)
      arguments += ["-f", "\(Descriptor.filter)"]
    }
    for (resource, value) in limits(settings) { arguments += ["-l", "\(resource)", "\(value)"] }
    return (arguments, descriptors)
  }

  /// RLIMIT_CORE, RLIMIT_DATA and RLIMIT_NPROC (setrlimit(2)) by their numbers.
  private func limits(_ settings: SandboxSettings) -> [(resource: Int, value: Int)] {
    // A core file would be written with the sandbox's quota and seldom be read.
    var limits = [(4, 0)]
    guard let fallback = settings.fallbackLimits else { return limits }
    // RLIMIT_DATA counts private writable mappings, so runtimes that only reserve address space still start.
    if fallback.memory > 0 { limits.append((2, fallback.memory)) }
    if fallback.processes > 0 { limits.append((6, fallback.processes)) }
    return limits
  }

  private static func joined(_ texts: [String]) -> [UInt8] { texts.flatMap { Array($0.utf8) + [0] } }

  /// Opens the program, which is installed beside this one. It is held open: a run that starts after an update of the
  /// installation still gets the one that belongs to this executor.
  static func open() throws(ExecutorError) -> OwnedDescriptor {
    let path: String
    do throws(SystemCallError) {
      path = try executablePath().removingLastComponent().appending("kilt-init").string
    } catch {
      throw ExecutorError(error, path: "/proc/self/exe")
    }
    do throws(ExecutorError) {
      return try .open(path, O_RDONLY)
    } catch .system(_, _, ENOENT) {
      throw .notInstalled(program: path)
    }
  }
}

extension TaskUser {
  /// The groups of the user in the host's database, its own first.
  var allGroups: [UInt32] {
    var groups = [UInt32](repeating: 0, count: 256)
    let count = kilt_group_list(name, group, &groups, Int32(groups.count))
    return count > 0 ? Array(groups.prefix(Int(count))) : [group]
  }
}
