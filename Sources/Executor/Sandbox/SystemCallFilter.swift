import CLibSeccomp
import Glibc

/// The system calls that a task is refused: those that reach past its sandbox or have little use but to attack the
/// kernel. Each answers EPERM, so that a program sees a refusal it knows, and not its death. seccomp(2), seccomp(3).
enum SystemCallFilter {
  /// Names that this machine's libseccomp does not know are passed over: then its kernel interface lacks them as well.
  static let refused = [
    // Mounts and namespaces: the sandbox is made of them.
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

  /// Builds the filter and gives it to `use`.
  private static func withFilter<T>(_ use: (scmp_filter_ctx) throws(ExecutorError) -> T) throws(ExecutorError) -> T {
    guard let filter = seccomp_init(allowAction) else {
      throw .library(call: "seccomp_init", code: ENOMEM)
    }
    defer { seccomp_release(filter) }
    func add(_ name: String, action: UInt32, comparisons: [scmp_arg_cmp] = []) throws(ExecutorError) {
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
    for name in refused { try add(name, action: refuse) }
    for flag in namespaceFlags {
      try add("clone", action: refuse, comparisons: [masked(argument: 0, mask: flag, value: flag)])
    }
    // Its flags lie behind a pointer, where a filter cannot look: "not there" makes the C library use clone(2).
    try add("clone3", action: errnoAction(ENOSYS))
    for control in refusedControls {
      try add("ioctl", action: refuse, comparisons: [masked(argument: 1, mask: 0xFFFF_FFFF, value: control)])
    }
    return try use(filter)
  }

  /// Writes the filter as the program that bubblewrap's `--seccomp` takes.
  ///
  /// Replaces a file that is there at once: a sandbox that is being started meanwhile reads the old one or the new.
  static func export(to path: String) throws(ExecutorError) {
    let new = "\(path).\(getpid())"
    let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .last("open", new) }
    defer { close(descriptor) }
    try withFilter { (filter) throws(ExecutorError) in
      let code = seccomp_export_bpf(filter, descriptor)
      guard code == 0 else { throw .library(call: "seccomp_export_bpf", code: -code) }
    }
    guard rename(new, path) == 0 else { throw .last("rename", new) }
  }

  /// Puts the filter on this process and what it executes; sets "no new privileges" as well.
  static func load() throws(ExecutorError) {
    try withFilter { (filter) throws(ExecutorError) in
      let code = seccomp_load(filter)
      guard code == 0 else { throw .library(call: "seccomp_load", code: -code) }
    }
  }

  // The macros of seccomp.h with casts do not reach Swift: SCMP_ACT_ALLOW and SCMP_ACT_ERRNO(code).
  private static let allowAction: UInt32 = 0x7FFF_0000
  private static func errnoAction(_ code: Int32) -> UInt32 { 0x0005_0000 | UInt32(code) }

  private static func masked(argument: UInt32, mask: UInt64, value: UInt64) -> scmp_arg_cmp {
    scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
  }
}
