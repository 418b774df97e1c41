import Glibc
import HostChecks
import SystemSupport
import Testing

@Suite struct HostChecksTests {
  /// A host whose proc(5) and sysfs(5) hold the given files, removed when the closure returns.
  private func host<Result>(_ files: [String: String], _ body: (HostFiles) throws -> Result) throws -> Result {
    let root = try FileSystem.makeTemporaryDirectory(prefix: "host")
    defer { do { try FileSystem.removeTree(root) } catch { Issue.record(error) } }
    for (path, text) in files {
      let file = root.appending(String(path.dropFirst()))
      try FileSystem.createDirectories(file.removingLastComponent())
      try FileSystem.write(text: text + "\n", to: file)
    }
    return try body(HostFiles(root: root))
  }

  /// A finding that is not good says what to do.
  private func expect(_ finding: Finding, _ verdict: Finding.Verdict, _ part: String) {
    #expect(finding.verdict == verdict, "\(finding)")
    #expect(finding.fact.contains(part), "\(finding)")
    #expect(verdict == .good || !finding.remedies.isEmpty)
  }

  @Test("A finding names each kernel setting that forbids user namespaces")
  func namespaces() throws {
    let settings: [([String: String], Bool, Finding.Verdict, String)] = [
      ([:], false, .good, "every user"),
      (["/proc/sys/user/max_user_namespaces": "0"], true, .problem, "max_user_namespaces"),
      (["/proc/sys/kernel/unprivileged_userns_clone": "0"], false, .problem, "unprivileged_userns_clone"),
      (["/proc/sys/kernel/unprivileged_userns_clone": "0"], true, .good, "root"),
      (["/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"], false, .warning, "AppArmor"),
    ]
    for (files, isRoot, verdict, part) in settings {
      expect(try host(files) { try SandboxChecks.namespaces($0, isRoot: isRoot) }, verdict, part)
    }
  }

  @Test("The remedy for a missing bubblewrap is to install it")
  func missingBubblewrap() {
    expect(SandboxChecks.bubblewrap(environment: ["PATH=/nonexistent"]), .problem, "not installed")
  }

  @Test("A finding names a bubblewrap that is too old or fails, with the reason")
  func unusableBubblewrap() throws {
    let old = "#!/bin/sh\necho bubblewrap 0.4.1\n"
    let broken =
      "#!/bin/sh\n[ $1 = --version ] && echo bubblewrap 0.8.0 || { echo 'bwrap: No permissions' >&2; exit 1; }\n"
    for (script, part) in [(old, "0.4.1"), (broken, "No permissions")] {
      let directory = try FileSystem.makeTemporaryDirectory(prefix: "bwrap")
      defer { do { try FileSystem.removeTree(directory) } catch { Issue.record(error) } }
      try FileSystem.write(text: script, to: directory.appending("bwrap"))
      try FileSystem.setPermissions(0o755, of: directory.appending("bwrap"))
      expect(SandboxChecks.bubblewrap(environment: ["PATH=\(directory):/usr/bin:/bin"]), .problem, part)
    }
  }

  @Test("Control groups of both versions are distinguished, with missing and undelegated controllers")
  func controlGroups() throws {
    let two = ["/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids", "/proc/self/cgroup": "0::/a"]
    let delegated = two.merging(["/sys/fs/cgroup/a/cgroup.controllers": "cpu memory pids"]) { $1 }
    expect(try host(delegated, ControlGroupCheck.run), .good, "version 2")
    let withheld = two.merging(["/sys/fs/cgroup/a/cgroup.controllers": "memory pids"]) { $1 }
    expect(try host(withheld, ControlGroupCheck.run), .warning, "cpu are not delegated")
    expect(
      try host(["/sys/fs/cgroup/cgroup.controllers": "cpu io"], ControlGroupCheck.run), .problem, "memory, pids")
    let one = ["cpu", "memory", "pids"].map { ("/sys/fs/cgroup/\($0)/tasks", "1") }
    expect(try host(Dictionary(uniqueKeysWithValues: one), ControlGroupCheck.run), .good, "version 1")
    expect(try host(["/sys/fs/cgroup/pids/tasks": "1"], ControlGroupCheck.run), .warning, "cpu, memory")
    expect(try host([:], ControlGroupCheck.run), .problem, "no control groups")
  }

  @Test("Ports that the kernel gives to clients are a warning, unless they are reserved")
  func ports() throws {
    let range = "/proc/sys/net/ipv4/ip_local_port_range"
    let reserved = "/proc/sys/net/ipv4/ip_local_reserved_ports"
    let ports = 31000...32000
    expect(try host([range: "32768\t60999"]) { try LimitChecks.ports($0, range: ports) }, .good, "only they")
    expect(try host([range: "10000\t60999"]) { try LimitChecks.ports($0, range: ports) }, .warning, "10000 to 60999")
    let part = [range: "10000\t60999", reserved: "31000-31999"]
    expect(try host(part) { try LimitChecks.ports($0, range: ports) }, .warning, "outgoing")
    let whole = [range: "10000\t60999", reserved: "80,31500-32000,31000-31499"]
    expect(try host(whole) { try LimitChecks.ports($0, range: ports) }, .good, "reserves")
  }

  @Test("Without Landlock, tasks of a user who is not root, and of a host without version 2, take ports of others")
  func portGuard() throws {
    let mounts = ["/proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0"]
    func finding(_ files: [String: String], isRoot: Bool, landlock: Int32) throws -> Finding {
      try host(files) { try LimitChecks.portGuard($0, isRoot: isRoot, landlockVersion: landlock) }
    }
    expect(try finding(mounts, isRoot: true, landlock: 0), .good, "its own ports only")
    expect(try finding(mounts, isRoot: false, landlock: 3), .warning, "not root")
    expect(try finding(mounts, isRoot: false, landlock: 4), .good, "UDP is not limited")
    let old = ["/proc/self/mounts": "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0"]
    expect(try finding(old, isRoot: true, landlock: 3), .warning, "version 2")
    expect(try finding(old, isRoot: true, landlock: 4), .good, "UDP is not limited")
  }

  @Test("A kernel without Landlock's scopes leaves abstract sockets open to tasks") func abstractSockets() {
    expect(SandboxChecks.abstractSockets(landlockVersion: 6), .good, "their own only")
    for version: Int32 in [-1, 0, 5] {
      expect(SandboxChecks.abstractSockets(landlockVersion: version), .warning, "of other tasks")
    }
  }

  @Test("The last mount of /proc determines whether command lines are visible")
  func commandLines() throws {
    let open = "proc /proc proc rw,nosuid 0 0"
    expect(try host(["/proc/self/mounts": open], LimitChecks.commandLines), .warning, "every user")
    let hidden = open + "\nproc /proc proc rw,hidepid=invisible 0 0"
    expect(try host(["/proc/self/mounts": hidden], LimitChecks.commandLines), .good, "their own")
  }

  @Test("An unsynchronized clock and a low limit of files are warnings")
  func clockAndFiles() {
    expect(LimitChecks.clock(state: (5, 0)), .warning, "no service")
    expect(LimitChecks.clock(state: (0, 0x40)), .warning, "no service")
    expect(LimitChecks.clock(state: (0, 0x2001)), .good, "synchronized")
    expect(LimitChecks.openFiles(hardLimit: 1024), .warning, "1024")
    expect(LimitChecks.openFiles(hardLimit: 65536), .good, "65536")
  }

  @Test("A state directory that others can read is a problem, with the mode to set")
  func privacy() throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "state")
    defer { do { try FileSystem.removeTree(directory) } catch { Issue.record(error) } }
    expect(try StorageChecks.privacy("state directory", directory), .good, "only this user")
    try FileSystem.setPermissions(0o755, of: directory)
    let finding = try StorageChecks.privacy("state directory", directory)
    expect(finding, .problem, "0755")
    #expect(finding.remedies == ["run `chmod 0700 \(directory)`"])
    // The scheduler's own state directory lets its tasks' users through.
    try FileSystem.setPermissions(0o711, of: directory)
    expect(try StorageChecks.privacy("state directory", directory, isPassable: true), .good, "only this user")
    expect(try StorageChecks.privacy("socket", directory), .problem, "0711")
    try FileSystem.setPermissions(0o755, of: directory)
    expect(try StorageChecks.privacy("state directory", directory, isPassable: true), .problem, "0755")
    expect(try StorageChecks.privacy("state directory", directory.appending("none")), .good, "not exist yet")
  }

  @Test("Too little space is a warning, and far too little a problem")
  func space() throws {
    expect(try StorageChecks.space("state space", "/tmp/not/there", needed: 1), .good, "free")
    expect(try StorageChecks.space("state space", "/tmp", needed: .max), .problem, "advisable")
  }

  @Test("A finding says that disk use is only sampled without root")
  func diskLimit() throws {
    let files = ["/proc/filesystems": "nodev\ttmpfs\n\text4", "/dev/loop-control": ""]
    expect(try host(files) { try StorageChecks.diskLimit($0, isRoot: true) }, .good, "tmpfs")
    expect(try host(files) { try StorageChecks.diskLimit($0, isRoot: false) }, .warning, "sampled")
    expect(try host([:]) { try StorageChecks.diskLimit($0, isRoot: true) }, .warning, "neither")
  }
}
