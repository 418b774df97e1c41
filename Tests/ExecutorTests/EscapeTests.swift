import Executor
import Glibc
import JobModel
import SystemSupport
import TestServers
import Testing

/// What a hostile task tries, run as an ordinary user's task: every attempt is refused, whoever the executor is.
@Suite(.serialized) struct EscapeTests {
  typealias Fixture = TaskFixture

  /// One attempt a line: its name and what came of it, `done` if it succeeded.
  private static let attempts = """
    import ctypes, errno, os, resource, socket, struct, sys
    libc = ctypes.CDLL(None, use_errno=True)
    outside, executor, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    def report(name, result): print(name + ': ' + result, flush=True)
    def attempt(name, action):
        try: action()
        except OSError as error: report(name, errno.errorcode.get(error.errno, str(error.errno)))
        except Exception as error: report(name, type(error).__name__)
        else: report(name, 'done')
    def system(name, number, *arguments):
        ctypes.set_errno(0)
        result = libc.syscall(number, *arguments)
        report(name, 'done' if result >= 0 else errno.errorcode[ctypes.get_errno()])
    def write(path, text):
        with open(path, 'w') as file: file.write(text)
    def read(path):
        with open(path, 'rb') as file: file.read(64)
    def connect(path):
        with socket.socket(socket.AF_UNIX) as client: client.connect(path)
    def family(number, kind=socket.SOCK_STREAM, protocol=0): socket.socket(number, kind, protocol).close()
    attempt('read a file beside the task', lambda: read(outside + '/token'))
    attempt('list the directory above the task', lambda: os.listdir(outside))
    attempt('list the task directory', lambda: os.listdir(outside + '/task'))
    attempt('read the assignment', lambda: read(outside + '/task/task.json'))
    attempt('write the checkpoint', lambda: write(outside + '/task/checkpoint', 'x'))
    attempt('connect to a socket of the host', lambda: connect(outside + '/socket'))
    if libc.syscall(444, None, 0, 1) >= 6:
        attempt('connect to an abstract socket of the host', lambda: connect('\\0' + outside))
        attempt('send to an abstract socket of the host', lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', '\\0' + outside + '/datagrams'))
    attempt('signal the executor', lambda: os.kill(executor, 0))
    attempt('see the executor', lambda: os.stat('/proc/%d' % executor))
    attempt('read the memory of the first process', lambda: read('/proc/1/mem'))
    attempt('list descriptors of the first process', lambda: os.listdir('/proc/1/fd'))
    attempt('read the environment of the first process', lambda: read('/proc/1/environ'))
    for path in ['/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern', '/proc/sys/vm/overcommit_memory',
                 '/proc/sys/kernel/hostname', '/proc/sys/net/ipv4/ip_forward', '/proc/self/oom_score_adj_']:
        attempt('write ' + path, lambda: write(path, '1'))
    for path in ['/proc/kcore', '/proc/kmsg', '/etc/shadow', '/dev/mem', '/dev/kmsg', '/root', '/sys/kernel']:
        attempt('read ' + path, lambda: read(path))
    for path in ['/usr/x', '/etc/x', '/artifacts/x', '/x', '/dev/x', '/proc/x']: attempt('create ' + path, lambda: write(path, 'x'))
    attempt('link to a program of the host', lambda: os.link('/usr/bin/env', '/sandbox/env'))
    attempt('leave the control group', lambda: write('/sys/fs/cgroup/cgroup.procs', '0'))
    attempt('read the program of the first process', lambda: read('/proc/1/exe'))
    attempt('make a device', lambda: os.mknod('/tmp/device', 0o60666, os.makedev(252, 0)))
    attempt('change the root', lambda: os.chroot('/tmp'))
    attempt('become root', lambda: os.setuid(0))
    attempt('take a group', lambda: os.setgroups([0]))
    attempt('give itself priority', lambda: os.nice(-5))
    attempt('schedule in real time', lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
    attempt('raise a limit', lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)))
    system('mount', 165, b'none', b'/tmp', b'tmpfs', 0, None)
    system('remount the root', 165, b'none', b'/', None, 0x20, None)
    system('unshare a user namespace', 272, 0x10000000)
    system('clone a user namespace', 56, 0x10000000 | 17, None, None, None, 0)
    system('clone3', 435, None, 0)
    system('enter a namespace', 308, 0, 0)
    system('trace', 101, 16, 1, None, None)
    system('read other memory', 310, 1, None, 0, None, 0, 0)
    system('load BPF', 321, 0, None, 0)
    system('io_uring', 425, 8, None)
    system('userfaultfd', 323, 0)
    system('perf events', 298, None, 0, -1, -1, 0)
    system('keys', 250, 0, -3, 0)
    system('open by handle', 304, -100, None, 0)
    system('set the clock', 227, 0, None)
    system('load a module', 313, -1, b'', 0)
    system('reboot', 169, 0xfee1dead, 672274793, 0, None)
    attempt('AF_VSOCK', lambda: family(40))
    attempt('AF_ALG', lambda: family(38, socket.SOCK_SEQPACKET))
    attempt('AF_PACKET', lambda: family(17, socket.SOCK_RAW))
    attempt('AF_KEY', lambda: family(15, socket.SOCK_RAW, 2))
    attempt('AF_BLUETOOTH', lambda: family(31, socket.SOCK_RAW))
    attempt('AF_TIPC', lambda: family(30, socket.SOCK_STREAM))
    attempt('a family beyond 32 bits', lambda: report('', '') if libc.syscall(41, ctypes.c_ulong(0x100000028), 1, 0) >= 0 else (_ for _ in ()).throw(OSError(ctypes.get_errno(), '')))
    attempt('netlink of the firewall', lambda: family(16, socket.SOCK_RAW, 12))
    attempt('netlink of socket lists', lambda: family(16, socket.SOCK_RAW, 4))
    attempt('a raw socket', lambda: family(2, socket.SOCK_RAW, 1))
    import fcntl
    attempt('type into a terminal', lambda: fcntl.ioctl(0, 0x5412, b'x'))
    report('descriptors', ','.join(sorted(os.listdir('/proc/self/fd'))[:3]) + ' of %d' % len(os.listdir('/proc/self/fd')))
    report('environment', str(any(name.startswith(('KILT_TOKEN', 'AWS_', 'SSH_')) for name in os.environ)))
    report('processes', str(len([name for name in os.listdir('/proc') if name.isdigit()])))
    # What is needed stays possible.
    attempt('TCP', lambda: socket.create_server(('127.0.0.1', port)).close())
    attempt('IPv6', lambda: family(10))
    attempt('a socket of its own', lambda: socket.socket(socket.AF_UNIX).bind('/tmp/own'))
    own = socket.socket(socket.AF_UNIX)
    own.bind('\\0own' + str(port))
    own.listen()
    attempt('an abstract socket of its own', lambda: connect('\\0own' + str(port)))
    attempt('socketpair', lambda: socket.socketpair())
    attempt('look up interfaces', lambda: socket.if_nameindex())
    attempt('write its directory', lambda: write('/sandbox/x', 'x'))
    """

  /// Attempts that must succeed: a sandbox that refuses everything would pass the others.
  private static let allowed: Set<String> = [
    "TCP", "IPv6", "a socket of its own", "an abstract socket of its own", "socketpair", "look up interfaces",
    "write its directory",
  ]

  private func tryAll(asUser user: String?) throws -> [String: String] {
    // The system's, where there is one: a user may not see where another is installed.
    let python: (program: String, readOnly: [String]) =
      access("/usr/bin/python3", X_OK) == 0 ? ("/usr/bin/python3", []) : try Fixture.python()
    let fixture = try Fixture()
    try FileSystem.write(text: "secret\n", to: FilePath(fixture.root + "/token"), permissions: 0o644)
    let listener = try UnixListener(fixture.root + "/socket")
    let abstract = [
      try UnixListener("\0" + fixture.root),
      try UnixListener("\0" + fixture.root + "/datagrams", kind: SOCK_DGRAM),
    ]
    defer { for listener in abstract + [listener] { listener.close() } }
    let port = try LoopbackPorts.free()
    let script = Self.attempts.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n")
    try fixture.start(
      Fixture.task(
        [
          Fixture.process(
            "main",
            "cat > t.py <<'END'\n\(script)\nEND\nuntil test -s pid; do sleep 0.05; done\n"
              + "exec \(python.program) t.py \(fixture.root) $(cat pid) \(port)")
        ], resources: Resources(cpu: 1, ram: 1 << 30, disk: 32 << 20, processes: 64)),
      options: {
        $0.isolation = .bubblewrap
        $0.readOnly = python.readOnly
      }, asUser: user)
    try fixture.waitUntilRunning()
    let executor = try #require(try fixture.directory.executorProcess()).id
    try FileSystem.write(text: "\(executor)\n", to: FilePath(fixture.directory.paths.sandbox + "/pid"))
    chmod(fixture.directory.paths.sandbox + "/pid", 0o644)
    let event = try fixture.finish()
    let errors = try fixture.log("main", 0, "stderr")
    #expect(event.status == .finished, "\(event.message ?? "") \(errors)")
    var results: [String: String] = [:]
    for line in try fixture.log("main").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { results[String(parts[0])] = String(parts[1].dropFirst()) }
    }
    return results
  }

  private func check(_ results: [String: String]) {
    var results = results
    #expect(results.removeValue(forKey: "descriptors")?.hasPrefix("0,1,2 of ") == true)
    #expect(results.removeValue(forKey: "environment") == "False")
    // The first process, the shell or what it became, and at most one more.
    #expect(results.removeValue(forKey: "processes").flatMap { Int($0) } ?? 99 <= 3)
    for name in Self.allowed { #expect(results.removeValue(forKey: name) == "done", "\(name)") }
    #expect(results.count > 55, "only \(results.count) attempts were made")
    for (name, result) in results.sorted(by: { $0.key < $1.key }) { #expect(result != "done", "\(name) succeeded") }
    for family in ["AF_VSOCK", "AF_ALG", "AF_KEY", "AF_TIPC", "netlink of the firewall", "a family beyond 32 bits"] {
      #expect(results[family] == "EAFNOSUPPORT", "\(family): \(results[family] ?? "")")
    }
    for call in ["mount", "unshare a user namespace", "trace", "load BPF", "io_uring", "userfaultfd", "keys", "reboot"]
    {
      #expect(results[call] == "EPERM", "\(call): \(results[call] ?? "")")
    }
  }

  @Test("A task of an ordinary user cannot escape in any of sixty ways") func ordinaryUser() throws {
    check(try tryAll(asUser: nil))
  }

  @Test("A task of an executor without privileges cannot escape in any of the sixty ways") func withoutPrivileges()
    throws
  {
    try #require(getuid() == 0, "this test must be run by root, to become a user")
    check(try tryAll(asUser: "nobody"))
  }

  @Test("A task of another user cannot read a neighbor's files") func neighbors() throws {
    let first = try Fixture()
    try first.start(
      Fixture.task([Fixture.process("main", "echo secret > file; touch /tmp/ready ready; exec sleep 600")]))
    try first.waitForFile("ready")
    let second = try Fixture()
    let path = first.directory.paths.directory
    let event = try second.run(
      Fixture.task([
        Fixture.process(
          "main",
          "cat \(path)/sandbox/file \(path)/volume/sandbox/file \(path)/logs/main/0/stdout; ls \(path); ls /tmp; "
            + "ls /proc/*/root/sandbox | sort -u; ls /dev/shm; true")
      ]))
    #expect(event.status == .finished)
    #expect(try !second.log("main").contains("secret"))
    #expect(try !second.log("main").contains("ready"))
    try first.directory.requestStop()
    #expect(try first.finish().status == .killed)
  }

  @Test("A task can bind its own ports of the range but none of its neighbors'") func ports() throws {
    try #require(getuid() == 0, "this test must be run by root")
    let python = try Fixture.python()
    let fixture = try Fixture()
    let script = """
      import socket
      for port in [28101, 28102, 28110, 28120, 0]:
          for family, address in [(socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'), (socket.AF_INET6, '::ffff:127.0.0.1')]:
              for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM]:
                  with socket.socket(family, kind) as own:
                      try: own.bind((address, port))
                      except PermissionError: print(port, 'refused')
                      else: print(port, 'bound')
      """
    try fixture.start(
      Fixture.task([Fixture.process("main", "cat > t.py <<'END'\n\(script)\nEND\nexec \(python.program) t.py")]),
      ports: ["http": 28101, "admin": 28102]
    ) {
      $0.readOnly = python.readOnly
      $0.portRange = 28100...28119
    }
    #expect(try fixture.finish().status == .finished)
    let lines = Set(try fixture.log("main").split(separator: "\n").map(String.init))
    #expect(lines == ["28101 bound", "28102 bound", "28110 refused", "28120 bound", "0 bound"])
  }

  @Test("Without root and without a control group, a task takes no TCP port of a neighbor") func portsByLandlock()
    throws
  {
    try #require(getuid() == 0, "this test must be run by root, to become a user")
    let python: (program: String, readOnly: [String]) =
      access("/usr/bin/python3", X_OK) == 0 ? ("/usr/bin/python3", []) : try Fixture.python()
    let script = """
      import socket
      def attempt(port, protocol=0, family=socket.AF_INET, address='127.0.0.1'):
          try:
              with socket.socket(family, socket.SOCK_STREAM, protocol) as own: own.bind((address, port))
          except PermissionError: print(port, protocol, 'refused')
          except OSError as error: print(port, protocol, error.errno)
          else: print(port, protocol, 'bound')
      for port in [28101, 28102, 28110, 28120, 0]:
          attempt(port)
          attempt(port, family=socket.AF_INET6, address='::ffff:127.0.0.1')
      for protocol in [262, 256]: attempt(28110, protocol)
      """
    for isolation in [Isolation.bubblewrap, .none] {
      let fixture = try Fixture()
      try fixture.start(
        Fixture.task([Fixture.process("main", "cat > t.py <<'END'\n\(script)\nEND\nexec \(python.program) t.py")]),
        ports: ["http": 28101, "admin": 28102],
        options: {
          $0.isolation = isolation
          $0.readOnly = python.readOnly
          $0.portRange = 28100...28119
        }, asUser: "nobody")
      #expect(try fixture.finish().status == .finished)
      let lines = Set(try fixture.log("main").split(separator: "\n").map(String.init))
      let expected: Set = ["28101 0 bound", "28102 0 bound", "28110 0 refused", "28120 0 bound", "0 0 bound"]
      // The kernel may be too old for Landlock's ports: then the record says so.
      guard PortGuard.hasLandlock else {
        #expect(lines.isSuperset(of: expected.subtracting(["28110 0 refused"])))
        let messages = try fixture.directory.checkpoint()?.records.compactMap { record in
          if case .taskState(_, let message) = record.kind { message } else { nil }
        }
        #expect(messages?.contains { $0.contains("can take ports of other tasks") } == true, "\(messages ?? [])")
        continue
      }
      #expect(lines == expected.union([262, 256].map { "28110 \($0) \(EPROTONOSUPPORT)" }), "\(isolation)")
    }
  }

  @Test("A task as a user with the ID 0 is refused unless the host names the user") func rootTask() throws {
    try #require(getuid() == 0, "this test must be run by root")
    let fixture = try Fixture()
    var task = Fixture.task([Fixture.process("main", "id -u")])
    task.user = "root"
    let event = try fixture.run(task) { $0.allowedRoots = ["toor"] }
    #expect(event.status == .failed)
    #expect(event.message?.hasPrefix("a task cannot run as \"root\": the user ID is 0") == true)
  }
}

/// A UNIX socket of the host that listens, or takes datagrams. A path that begins with a zero byte is an abstract one.
private final class UnixListener {
  private let descriptor: Int32

  init(_ path: String, kind: __socket_type = SOCK_STREAM) throws {
    descriptor = socket(AF_UNIX, Int32(kind.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        // An abstract name has the length that is given.
        bind(descriptor, $0, socklen_t(path.utf8.first == 0 ? 2 + path.utf8.count : MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(code == 0)
    if kind == SOCK_STREAM { try #require(listen(descriptor, 1) == 0) }
    if path.utf8.first != 0 { try #require(chmod(path, 0o666) == 0) }
  }

  func close() { Glibc.close(descriptor) }
}
