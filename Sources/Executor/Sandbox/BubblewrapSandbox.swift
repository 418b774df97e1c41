import Glibc
import SystemSupport

/// Namespaces and mounts by bubblewrap(1).
///
/// Started by root, it makes no user namespace: it mounts as root, keeps only what is needed to become the role's user,
/// and setpriv(1) does that last step inside. So the task directory may be closed to everybody, and hosts that
/// refuse user namespaces to users will do. Started by a user, it makes a user namespace and the task stays that user.
struct BubblewrapSandbox: Sandbox {
  let settings: SandboxSettings
  let program: String
  let setpriv: String?

  /// Never below a directory that the task can write: bubblewrap makes its mount points as root and follows links.
  static let artifacts = "/artifacts"
  var home: String { "/sandbox" }
  var artifacts: String? { Self.artifacts }
  var temporary: String { "/tmp" }
  var warnings: [String] { [] }

  /// Descriptors in the process that becomes bubblewrap.
  private enum Descriptor {
    static let arguments: Int32 = 10
    static let filter: Int32 = 11
    static let status: Int32 = 12
  }

  init(settings: SandboxSettings, program: String) throws(ExecutorError) {
    self.settings = settings
    self.program = program
    if settings.isRoot {
      guard let found = Subprocess.find("setpriv")?.string else {
        throw .missingProgram(name: "setpriv", package: "util-linux")
      }
      setpriv = found
    } else {
      setpriv = nil
    }
    try SystemCallFilter.export(to: settings.paths.run + "/filter.bpf")
  }

  func launch(cmdline: String, environment: [String: String], label: String) throws(ExecutorError) -> Launch {
    // Options go through a file, not the command line: that would show the environment to everybody on the host.
    let options = self.options(environment: environment)
    let optionsFile = "\(settings.paths.run)/\(label).options"
    let statusFile = "\(settings.paths.run)/\(label).status"
    try PrivateFile.write(options.joined(separator: "\0") + "\0", to: optionsFile)
    var entry = Entry(memberFiles: settings.memberFiles)
    entry.limits = settings.fallbackLimits
    entry.opened = [
      .init(descriptor: Descriptor.arguments, path: optionsFile, isWritten: false),
      .init(descriptor: Descriptor.filter, path: settings.paths.run + "/filter.bpf", isWritten: false),
      .init(descriptor: Descriptor.status, path: statusFile, isWritten: true),
    ]
    var arguments = [program, "--args", "\(Descriptor.arguments)", "--"]
    if let setpriv {
      arguments += [
        setpriv, "--reuid=\(settings.user.id)", "--regid=\(settings.user.group)", "--init-groups", "--inh-caps=-all",
        "--bounding-set=-all", "--no-new-privs", "--",
      ]
    }
    let loader = environment.filter { Self.isReadByLoader($0.key) }.sorted { $0.key < $1.key }
    // Bubblewrap, without its privileges, may not enter a directory that is open to the role's user alone.
    arguments += ["/usr/bin/env", "-C", home] + loader.map { "\($0.key)=\($0.value)" }
    arguments += [settings.shell, "-c", cmdline]
    return Launch(entry: entry, arguments: arguments, statusFile: statusFile)
  }

  /// The options of bubblewrap, in the order in which it carries them out.
  func options(environment: [String: String]) -> [String] {
    var options = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent"]
    if settings.isRoot {
      options += ["--cap-drop", "ALL"]
      for capability in ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"] { options += ["--cap-add", capability] }
    } else {
      options += ["--unshare-user"]
    }
    options += systemMounts() + ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"]
    options += ["--bind", settings.paths.temporary, "/tmp", "--dir", "/var", "--symlink", "../tmp", "/var/tmp"]
    options += ["--dir", "/run", "--symlink", "../run", "/var/run"]
    for path in settings.readOnly where !path.hasPrefix("/usr/") {
      options += directories(above: path) + ["--ro-bind", path, path]
    }
    options += ["--bind", settings.paths.sandbox, home, "--ro-bind", settings.paths.artifacts, Self.artifacts]
    // The root itself is a tmpfs; whatever is not mounted above cannot be made there.
    options += ["--remount-ro", "/"]
    options += ["--seccomp", "\(Descriptor.filter)", "--json-status-fd", "\(Descriptor.status)", "--clearenv"]
    for (name, value) in environment.sorted(by: { $0.key < $1.key }) where !Self.isReadByLoader(name) {
      options += ["--setenv", name, value]
    }
    return options
  }

  /// Variables that the loader and the C library act on before a program's first line. They must not reach what still
  /// has privileges: bubblewrap and setpriv. They are set last, by env(1), when nothing is left to take.
  static func isReadByLoader(_ name: String) -> Bool {
    name.hasPrefix("LD_") || name.hasPrefix("GLIBC_") || name.hasPrefix("MALLOC_") || name == "GCONV_PATH"
      || name == "LOCPATH" || name == "NLSPATH" || name == "RES_OPTIONS" || name == "HOSTALIASES"
  }

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
    options += ["--dir", "/etc"]
    for name in Self.configuration where SmallFile.exists("/etc/" + name) {
      options += directories(above: "/etc/" + name) + ["--ro-bind", "/etc/" + name, "/etc/" + name]
    }
    return options
  }

  /// Makes what a mount point stands in, open to the role's user: bubblewrap by itself would close it to all but root.
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
