import Glibc
import JobModel
import SystemSupport

/// Namespaces and mounts by bubblewrap(1), with `kilt-init` as the first process inside.
///
/// Started by root, it creates no user namespace: it mounts as root, and `kilt-init` becomes the role's user and gives
/// up every capability. So the task directory can be closed to everybody, and hosts that refuse user namespaces work.
/// Started by a user, it creates a user namespace and the task stays that user.
struct BubblewrapSandbox: Sandbox {
  let settings: SandboxSettings
  let program: String

  /// Never below a directory that the task can write: bubblewrap creates its mount points as root and follows links.
  static let artifacts = "/artifacts"
  var home: String { "/sandbox" }
  var artifacts: String? { Self.artifacts }
  var runner: String? { settings.runner == nil ? nil : "/run/kilt/pex-runner" }
  var secrets: String? { settings.secrets == nil ? nil : "/run/secrets" }
  var temporary: String { "/tmp" }
  var warnings: [String] { [] }

  func launch(_ command: [String], environment: [String: String], hasTerminal: Bool) throws(ExecutorError) -> Launch {
    let channel = try RunChannel()
    var start = RunInit(command: command, environment: environment, directory: home, isNamespace: true)
    start.hasTerminal = hasTerminal
    var (arguments, descriptors) = try start.prepare(settings, channel: channel)
    let options = self.options(&descriptors)
    descriptors[RunInit.Descriptor.arguments] = try .memory("options", options.flatMap { Array($0.utf8) + [0] })
    descriptors[RunInit.Descriptor.filter] = try .memory("filter", settings.filter)
    arguments = ["bwrap", "--args", "\(RunInit.Descriptor.arguments)", "--", RunInit.program] + arguments
    return Launch(
      program: program, arguments: arguments, descriptors: descriptors, channel: channel,
      group: try settings.openStartGroup(), isContained: true)
  }

  /// The options of bubblewrap, in the order in which it applies them.
  func options(_ descriptors: inout [Int32: OwnedDescriptor]) -> [String] {
    var options = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent"]
    options.append("--as-pid-1")
    if settings.isRoot {
      options += ["--cap-drop", "ALL"]
      for capability in ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"] { options += ["--cap-add", capability] }
    } else {
      options += ["--unshare-user"]
    }
    options += systemMounts() + configurationFiles(&descriptors)
    options += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777"]
    // If no control group counts them, only this bounds files in shared memory.
    if settings.sharedMemory > 0 { options += ["--size", "\(settings.sharedMemory)"] }
    options += ["--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    if settings.user.id == 0 {
      for path in Self.hidden where SmallFile.exists(path) { options += ["--ro-bind", "/dev/null", path] }
    }
    options += ["--bind", settings.paths.temporary, "/tmp", "--dir", "/var", "--symlink", "../tmp", "/var/tmp"]
    options += ["--dir", "/run", "--symlink", "../run", "/var/run"]
    for path in settings.readOnly where !path.hasPrefix("/usr/") {
      options += directories(above: path) + ["--ro-bind", path, path]
    }
    for volume in settings.volumes {
      let place = volume.absolutePlace
      options +=
        directories(above: place) + [volume.mode == .readWrite ? "--bind" : "--ro-bind", volume.hostPath, place]
    }
    if let program = settings.runner, let place = runner {
      options += directories(above: place) + ["--ro-bind", program, place]
    }
    if let secrets = settings.secrets { options += ["--ro-bind", secrets, "/run/secrets"] }
    options += ["--bind", settings.paths.sandbox, home, "--ro-bind", settings.paths.artifacts, Self.artifacts]
    // The root itself is a tmpfs; paths that are not mounted above cannot be created there.
    options += ["--remount-ro", "/"]
    return options + ["--seccomp", "\(RunInit.Descriptor.filter)", "--clearenv"]
  }

  /// Files of `/proc` that show or change the machine, for tasks of a user with the ID 0: without capabilities such a
  /// user still owns them. Bubblewrap itself covers those that can be written: `sys`, `sysrq-trigger`, `irq`, `bus`.
  private static let hidden = [
    "/proc/kcore", "/proc/kmsg", "/proc/kallsyms", "/proc/keys", "/proc/kpagecount", "/proc/kpageflags",
    "/proc/kpagecgroup", "/proc/timer_list", "/proc/vmallocinfo", "/proc/slabinfo",
  ]

  /// The programs and libraries of the host, and as much of its configuration as programs commonly read.
  private func systemMounts() -> [String] {
    var options = ["--ro-bind", "/usr", "/usr"]
    for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
      if let target = Links.target("/" + name) {
        options += ["--symlink", target, "/" + name]
      } else if SmallFile.exists("/" + name) {
        options += ["--ro-bind", "/" + name, "/" + name]
      }
    }
    return options
  }

  /// The host's configuration files that programs commonly read. Small files are copied into the sandbox's root,
  /// because mounting each would take most of a start. Files that change while services run are mounted.
  private func configurationFiles(_ descriptors: inout [Int32: OwnedDescriptor]) -> [String] {
    var options = ["--perms", "0755", "--dir", "/etc"]
    for name in Self.configuration {
      let path = "/etc/" + name
      var status = stat()
      guard stat(path, &status) == 0 else { continue }
      options += directories(above: path)
      let isSmall = status.st_mode & S_IFMT == S_IFREG && status.st_size <= 1 << 17 && !Self.changing.contains(name)
      let number = RunInit.Descriptor.files + Int32(descriptors.count)
      if isSmall, let file = OwnedDescriptor.ifReadable(path) {
        descriptors[number] = file
        options += ["--perms", "0644", "--file", "\(number)", path]
      } else {
        options += ["--ro-bind", path, path]
      }
    }
    return options
  }

  private static let changing: Set<String> = ["hosts", "resolv.conf", "localtime"]

  /// Creates the parent directory of a mount point, open to the role's user: bubblewrap itself would close it to all
  /// but root.
  private func directories(above path: String) -> [String] {
    var above = ""
    var options: [String] = []
    for component in path.split(separator: "/").dropLast() {
      above += "/" + component
      options += ["--perms", "0755", "--dir", above]
    }
    return options
  }

  /// Names in `/etc`, never whole directories that hold private keys as well: users, name resolution, certificates, time zone, loader cache, alternatives, MIME types.
  static let configuration = [
    "passwd", "group", "nsswitch.conf", "hosts", "host.conf", "hostname", "resolv.conf", "gai.conf", "services",
    "protocols", "networks", "rpc", "ethertypes", "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/ca-trust",
    "pki/tls/certs", "pki/tls/cert.pem",
    "crypto-policies", "localtime", "timezone", "locale.conf", "default/locale", "ld.so.cache", "ld.so.conf",
    "ld.so.conf.d", "alternatives", "mime.types", "magic", "os-release", "debian_version", "lsb-release", "bash.bashrc",
    "profile", "inputrc", "terminfo", "fonts", "java-17-openjdk", "java-11-openjdk", "java-21-openjdk",
  ]
}
