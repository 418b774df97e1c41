import CLibSeccomp
import Glibc

/// The system calls that a task is refused: those that reach past its sandbox or have little use but to attack the
/// kernel. Each answers EPERM, so that a program sees a refusal it knows, and not its death. seccomp(2), seccomp(3).
enum SystemCallFilter {
  /// Names that this machine's libseccomp does not know are passed over: then its kernel interface lacks them as well.
  static let refused = [
    // Mounts and namespaces: the sandbox consists of them.
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
    "fspick", "mount_setattr", "setns", "unshare", "swapon", "swapoff", "quotactl", "quotactl_fd",
    // Other processes' memory and descriptors.
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    // The kernel itself.
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module",
    "query_module", "get_kernel_syms", "bpf", "perf_event_open", "lookup_dcookie", "syslog", "_sysctl", "nfsservctl",
    "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "fanotify_init", "open_by_handle_at",
    "vm86", "vm86old", "uselib", "ustat", "sysfs", "modify_ldt",
    // Keys are not kept apart by namespaces.
    "keyctl", "add_key", "request_key",
    // The machine: its clock, its name, its power, its ports.
    "settimeofday", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64", "adjtimex", "stime",
    "sethostname", "setdomainname", "reboot", "acct", "iopl", "ioperm", "vhangup",
  ]

  /// The flags of clone(2) that make a namespace.
  static let namespaceFlags: [UInt64] = [
    0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000, 0x0000_0080,
  ]

  /// TIOCSTI and TIOCLINUX type into a terminal on somebody's behalf.
  static let refusedControls: [UInt64] = [0x5412, 0x541C]

  /// Protocols of internet sockets that listen on a TCP port, or a port like it, without being TCP for Landlock: MPTCP, SMC,
  /// SCTP, DCCP.
  static let otherStreams: [UInt64] = [262, 256, 132, 33]

  /// Builds the filter and gives it to `use`.
  private static func withFilter<T>(
    refusesOtherStreams: Bool, _ use: (scmp_filter_ctx) throws(ExecutorError) -> T
  ) throws(ExecutorError) -> T {
    guard let filter = seccomp_init(allowAction) else {
      throw .library(call: "seccomp_init", code: ENOMEM)
    }
    defer { seccomp_release(filter) }
    func add(_ name: String, _ action: UInt32, _ comparisons: [scmp_arg_cmp] = []) throws(ExecutorError) {
      let number = seccomp_syscall_resolve_name(name)
      // Below zero and not a number of this architecture: the call does not exist here.
      guard number >= 0 else { return }
      let code = seccomp_rule_add_array(filter, action, number, UInt32(comparisons.count), comparisons)
      guard code == 0 else { throw .library(call: "seccomp_rule_add of \(name)", code: -code) }
    }
    let refuse = errnoAction(EPERM)
    // A program of another architecture (x32, i386) would pass a filter written for this one.
    let code = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, errnoAction(ENOSYS))
    guard code == 0 else { throw .library(call: "seccomp_attr_set", code: -code) }
    for name in refused { try add(name, refuse) }
    for flag in namespaceFlags {
      try add("clone", refuse, [masked(argument: 0, mask: flag, value: flag)])
    }
    // Its flags lie behind a pointer, where a filter cannot look: "not there" makes the C library use clone(2).
    try add("clone3", errnoAction(ENOSYS))
    for control in refusedControls {
      try add("ioctl", refuse, [masked(argument: 1, mask: 0xFFFF_FFFF, value: control)])
    }
    try refuseRareSockets(add)
    if refusesOtherStreams {
      // As a kernel without the protocol answers: programs that prefer MPTCP then use TCP.
      for number in otherStreams {
        try add("socket", errnoAction(EPROTONOSUPPORT), [compared(argument: 2, SCMP_CMP_EQ, number)])
      }
    }
    return try use(filter)
  }

  /// Refuses sockets of every family but UNIX, IPv4, IPv6 and route netlink, which name resolution reads: AF_VSOCK reaches the
  /// hypervisor, AF_ALG and its like parts of the kernel that are seldom looked at, other netlink protocols the
  /// sockets and firewalls of the host. Answers as a kernel without the family does.
  private static func refuseRareSockets(
    _ add: (String, UInt32, [scmp_arg_cmp]) throws(ExecutorError) -> Void
  ) throws(ExecutorError) {
    let refuse = errnoAction(EAFNOSUPPORT)
    let allowed: Set<Int32> = [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK]
    let largest = allowed.max() ?? 0
    for call in ["socket", "socketpair"] {
      for family in 0...largest where !allowed.contains(family) {
        try add(call, refuse, [compared(argument: 0, SCMP_CMP_EQ, UInt64(family))])
      }
      try add(call, refuse, [compared(argument: 0, SCMP_CMP_GT, UInt64(largest))])
    }
    try add(
      "socket", refuse,
      [compared(argument: 0, SCMP_CMP_EQ, UInt64(AF_NETLINK)), compared(argument: 2, SCMP_CMP_NE, 0)])
  }

  /// Returns the filter as the program that bubblewrap's `--seccomp` and the kernel take.
  ///
  /// - Parameter refusesOtherStreams: whether ``otherStreams`` are refused.
  static func program(refusesOtherStreams: Bool = false) throws(ExecutorError) -> [UInt8] {
    refusesOtherStreams ? try export(refusesOtherStreams: true) : try usual.get()
  }

  /// The filter that most tasks have, built once: an executor that waits for its task has it then.
  private static let usual = Result { () throws(ExecutorError) in try export(refusesOtherStreams: false) }

  private static func export(refusesOtherStreams: Bool) throws(ExecutorError) -> [UInt8] {
    let file = try OwnedDescriptor.memory("filter", [])
    try withFilter(refusesOtherStreams: refusesOtherStreams) { (filter) throws(ExecutorError) in
      let code = seccomp_export_bpf(filter, file.number)
      guard code == 0 else { throw .library(call: "seccomp_export_bpf", code: -code) }
    }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = bytes.withUnsafeMutableBytes { pread(file.number, $0.baseAddress, $0.count, 0) }
    guard count > 0, count < bytes.count else { throw .library(call: "seccomp_export_bpf", code: E2BIG) }
    return Array(bytes.prefix(count))
  }

  // The macros of seccomp.h with casts do not reach Swift: SCMP_ACT_ALLOW and SCMP_ACT_ERRNO(code).
  private static let allowAction: UInt32 = 0x7FFF_0000
  private static func errnoAction(_ code: Int32) -> UInt32 { 0x0005_0000 | UInt32(code) }

  private static func compared(argument: UInt32, _ operation: scmp_compare, _ value: UInt64) -> scmp_arg_cmp {
    scmp_arg_cmp(arg: argument, op: operation, datum_a: value, datum_b: 0)
  }

  private static func masked(argument: UInt32, mask: UInt64, value: UInt64) -> scmp_arg_cmp {
    scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
  }
}
