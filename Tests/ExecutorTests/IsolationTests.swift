import Executor
import Glibc
import JobModel
import SystemSupport
import Testing

/// What a task sees of the host, and what it may do there.
@Suite(.serialized) struct IsolationTests {
  typealias Fixture = TaskFixture

  /// Runs one command to its end and returns what it printed.
  private func output(
    of command: String, options: (inout ExecutorOptions) -> Void = { _ in }
  ) throws -> [String] {
    let fixture = try Fixture()
    let event = try fixture.run(Fixture.task([Fixture.process("show", command)]), options: options)
    let errors = try fixture.log("show", 0, "stderr")
    #expect(event.status == .finished, "\(event.message ?? ""): \(errors)")
    return try fixture.log("show").split(separator: "\n").map(String.init)
  }

  @Test func theSystemIsReadOnlyAndTheSandboxAndTemporaryDirectoryAreNot() throws {
    let lines = try output(
      of: "for d in /usr /etc /dev / /artifacts /sandbox /tmp /var/tmp /dev/shm; do "
        + "if touch $d/x 2>/dev/null; then echo $d; fi; done")
    #expect(lines == ["/sandbox", "/tmp", "/var/tmp", "/dev/shm"])
  }

  @Test func theHostsFilesOutsideTheSystemAreNotThere() throws {
    #expect(try output(of: "ls -d /root /home /opt /srv /sys /boot /etc/shadow 2>/dev/null; echo done") == ["done"])
  }

  @Test func onlyTheProcessesOfItsOwnRunAreVisible() throws {
    // Bubblewrap's init, the shell, ls.
    let lines = try output(of: "ls /proc | grep -c '^[0-9]'; cat /proc/1/comm; cat /proc/1/cmdline | tr '\\0' ' '")
    #expect(lines.first.flatMap { Int($0) } ?? 99 <= 4)
    #expect(lines.dropFirst().first == "kilt-init")
    // Neither the environment nor the command is on its command line.
    #expect(!lines.joined().contains("TASK_ID") && !lines.dropFirst(2).joined().contains("grep"))
  }

  @Test func itRunsAsTheRolesUserWithoutCapabilitiesOrNewPrivileges() throws {
    let lines = try output(of: "id -un; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -d '\\t '")
    if getuid() == 0 { #expect(lines.first == "nobody") }
    #expect(
      Set(lines.dropFirst()) == [
        "CapInh:0000000000000000", "CapPrm:0000000000000000", "CapEff:0000000000000000", "CapBnd:0000000000000000",
        "CapAmb:0000000000000000", "NoNewPrivs:1", "Seccomp:2",
      ])
  }

  @Test func aTaskOfRootHasNoCapabilitiesEither() throws {
    try #require(getuid() == 0, "this test must be run by root")
    let fixture = try Fixture()
    var task = Fixture.task([
      Fixture.process("show", "id -u; grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status | tr -d '\\t '; cat /etc/shadow")
    ])
    task.user = "root"
    #expect(try fixture.run(task, options: { $0.allowedRoots = ["root"] }).status == .failed)
    let shown = try fixture.log("show")
    #expect(
      shown
        == "0\nCapPrm:0000000000000000\nCapEff:0000000000000000\nCapBnd:0000000000000000\n")
  }

  @Test func dangerousSystemCallsAreRefusedAndOrdinaryOnesAreNot() throws {
    let python = try Fixture.python()
    let script = """
      import ctypes, threading, multiprocessing, subprocess, os
      libc = ctypes.CDLL(None, use_errno=True)
      def refused(name, *arguments):
          ctypes.set_errno(0)
          print(name, getattr(libc, name)(*arguments), ctypes.get_errno())
      refused('mount', b'none', b'/tmp', b'tmpfs', 0, None)
      refused('unshare', 0x10000000)
      refused('ptrace', 0, 0, None, None)
      refused('keyctl', 0, 0) if hasattr(libc, 'keyctl') else print('keyctl -1 1')
      refused('reboot', 0)
      thread = threading.Thread(target=lambda: print('thread')); thread.start(); thread.join()
      lock = multiprocessing.Lock()
      print(subprocess.run(['true']).returncode)
      """
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task([Fixture.process("show", "cat > t.py <<'END'\n\(script)\nEND\nexec \(python.program) t.py")])
    ) { $0.readOnly = python.readOnly }
    let event = try fixture.finish()
    let errors = try fixture.log("show", 0, "stderr")
    #expect(event.status == .finished, "\(errors)")
    #expect(
      try fixture.log("show").split(separator: "\n") == [
        "mount -1 1", "unshare -1 1", "ptrace -1 1", "keyctl -1 1", "reboot -1 1", "thread", "0",
      ])
  }

  @Test func directoriesOfTheHostAreShownWhereAskedForAndReadOnly() throws {
    let fixture = try Fixture()
    // Not below /tmp: a task has its own.
    let extra = try executablePath().removingLastComponent().string + "/executor-tools-\(getpid())"
    try FileSystem.createDirectories(FilePath(extra + "/bin"))
    defer { #expect(throws: Never.self) { try FileSystem.removeTree(FilePath(extra)) } }
    try FileSystem.write(text: "#!/bin/sh\necho tool\n", to: FilePath(extra + "/bin/mytool"), permissions: 0o755)
    let task = Fixture.task([Fixture.process("show", "mytool; touch \(extra)/x 2>/dev/null || echo refused")])
    let event = try fixture.run(task) {
      $0.readOnly = [extra]
      $0.path = [extra + "/bin"]
    }
    #expect(event.status == .finished)
    #expect(try fixture.log("show") == "tool\nrefused\n")
  }

  @Test func loaderVariablesReachTheTaskAlone() throws {
    // Nothing sets them by configuration; a process may for its own children.
    #expect(
      try output(of: "LD_PRELOAD=/sandbox/none.so env 2>/dev/null | grep LD_PRELOAD") == ["LD_PRELOAD=/sandbox/none.so"]
    )
  }

  @Test func withoutIsolationTheFilterAndTheUserStillHold() throws {
    let fixture = try Fixture()
    chmod(fixture.root, 0o711)
    let event = try fixture.run(
      Fixture.task([
        Fixture.process(
          "show",
          "echo by path > $HOME/file; id -un; echo $HOME; cat $HOME/file; grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t '"
        )
      ])
    ) { $0.isolation = .none }
    #expect(event.status == .finished)
    let lines = try fixture.log("show").split(separator: "\n").map(String.init)
    if getuid() == 0 { #expect(lines.first == "nobody") }
    #expect(lines.dropFirst(3) == ["NoNewPrivs:1", "Seccomp:2"])
    #expect(lines.dropFirst().prefix(2) == [fixture.directory.paths.sandbox, "by path"])
  }

  @Test func anExecutorWithoutPrivilegesEndsItsTaskAndLeavesNothing() throws {
    try #require(getuid() == 0, "this test must be run by root, to become a user")
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task(
        [
          Fixture.process("main", "trap 'echo bye > ended; exit 0' TERM; touch ready; while :; do sleep 0.05; done"),
          Fixture.process("deaf", "trap '' TERM; touch deaf; while :; do sleep 0.05; done"),
        ], finalizationWait: .milliseconds(500)), options: { $0.isolation = .bubblewrap }, asUser: "nobody")
    try fixture.waitForFile("ready")
    try fixture.waitForFile("deaf")
    try #require(try fixture.directory.requestStop())
    #expect(try fixture.finish().status == .killed)
    #expect(try fixture.file("ended") == "bye\n")
    #expect(try fixture.ends(of: "deaf").map(\.status) == [.killed])
    for record in try fixture.directory.checkpoint()?.records ?? [] {
      if case .process(let run) = record.kind, let id = run.pid { #expect(!isAlive(id)) }
    }
  }

  @Test func anExecutorWithoutPrivilegesIsolatesByUserNamespaces() throws {
    try #require(getuid() == 0, "this test must be run by root, to become a user")
    let fixture = try Fixture()
    let command =
      "id -un; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t '; touch /usr/x /sandbox/x; "
      + "python3 --version >/dev/null 2>&1; ls -d /root /home 2>/dev/null; cat /artifacts/none; ulimit -d; ulimit -u"
    try fixture.start(
      Fixture.task(
        [Fixture.process("show", command)], resources: Resources(cpu: 1, ram: 1 << 30, disk: 0, processes: 77)),
      options: { $0.isolation = .bubblewrap }, asUser: "nobody")
    let event = try fixture.finish()
    let errors = try fixture.log("show", 0, "stderr")
    #expect(event.status == .finished, "\(event.message ?? "") \(errors)")
    // No control group can be made by a user here: the limits are each process's own, and the record says so.
    #expect(
      try fixture.log("show") == "nobody\nCapEff:0000000000000000\nNoNewPrivs:1\nSeccomp:2\n1048576\n77\n")
    let running = try fixture.directory.checkpoint()?.records.compactMap { record in
      if case .taskState(.running, let message) = record.kind { message ?? "" } else { nil }
    }
    #expect(running?.first?.hasPrefix("no control group (") == true)
    #expect(errors.contains("/usr/x"))
    #expect(!errors.contains("/sandbox/x"))
  }

  @Test func aUserThatDoesNotExistIsAnErrorUnlessAllowed() throws {
    let fixture = try Fixture()
    var task = Fixture.task([Fixture.process("show", "id -un")])
    task.user = "no-such-user"
    let event = try fixture.run(task) { $0.allowsMissingUser = false }
    #expect(event.status == .failed)
    #expect(event.message?.hasPrefix("the user \"no-such-user\" does not exist on this machine") == true)
    let second = try Fixture()
    #expect(try second.run(task).status == .finished)
    let messages = try second.directory.checkpoint()?.records.compactMap { record in
      if case .taskState(.running, let message) = record.kind { message } else { nil }
    }
    #expect(messages?.first?.contains("the user \"no-such-user\" does not exist") == true)
  }
}
