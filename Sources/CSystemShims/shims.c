#define _GNU_SOURCE
#include "CSystemShims.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <sys/vfs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

ssize_t kilt_copy_file_range(int from, int to, size_t length) {
  return copy_file_range(from, NULL, to, NULL, length, 0);
}

int kilt_rename_noreplace(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int kilt_rename_exchange(const char *one, const char *other) {
  return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

int kilt_pipe_cloexec(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }

int kilt_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int kilt_pidfd_send_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int kilt_memfd_create(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int kilt_become_child_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int kilt_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

int kilt_clone_file(int to, int from) { return ioctl(to, FICLONE, from); }

static int add_descriptor(posix_spawn_file_actions_t *actions, int descriptor, int target) {
  if (descriptor < 0) {
    return posix_spawn_file_actions_addopen(actions, target, "/dev/null", target == 0 ? O_RDONLY : O_WRONLY, 0);
  }
  return posix_spawn_file_actions_adddup2(actions, descriptor, target);
}

int kilt_spawn(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
               const kilt_spawn_options *options) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int error = posix_spawn_file_actions_init(&actions);
  if (error) return error;
  error = posix_spawnattr_init(&attributes);
  if (error) {
    posix_spawn_file_actions_destroy(&actions);
    return error;
  }
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (options->new_session) flags |= POSIX_SPAWN_SETSID;
  if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
  if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
  if (!error) error = posix_spawnattr_setflags(&attributes, flags);
  if (!error) error = add_descriptor(&actions, options->standard_input, 0);
  if (!error) error = add_descriptor(&actions, options->standard_output, 1);
  if (!error) error = add_descriptor(&actions, options->standard_error, 2);
  if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (!error && options->working_directory) {
    error = posix_spawn_file_actions_addchdir_np(&actions, options->working_directory);
  }
  if (!error) error = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

unsigned long kilt_file_system_type(int file) {
    struct statfs status;
    return fstatfs(file, &status) == 0 ? (unsigned long)status.f_type : 0;
}

// Between fork and exec of a process with threads only async-signal-safe calls are allowed: all of these are.
__attribute__((noreturn)) static void become_bound(pid_t parent, int errors, const char *path, char *const arguments[],
                                                   char *const environment[], const kilt_descriptor *descriptors,
                                                   unsigned count, int group) {
  int moved[128];
  int last = 2;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) goto failed;
  // The parent may have died before this call.
  if (getppid() != parent) _exit(1);
  if (setsid() < 0) goto failed;
  if (group >= 0) {
    int members = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (members < 0 || write(members, "0", 1) != 1) goto failed;
  }
  // Out of the way of the numbers to come.
  for (unsigned i = 0; i < count; i++) {
    moved[i] = fcntl(descriptors[i].from, F_DUPFD_CLOEXEC, 300);
    if (moved[i] < 0) goto failed;
    if (descriptors[i].to > last) last = descriptors[i].to;
  }
  errors = fcntl(errors, F_DUPFD_CLOEXEC, 300);
  if (errors < 0) _exit(126);
  for (int target = 0; target < 3; target++) {
    int null = open("/dev/null", target == 0 ? O_RDONLY : O_WRONLY);
    if (null < 0 || (null != target && dup2(null, target) < 0)) goto failed;
    if (null > 2) close(null);
  }
  for (unsigned i = 0; i < count; i++) {
    if (dup2(moved[i], descriptors[i].to) < 0) goto failed;
  }
  // What is left closes by itself at the start of the program.
  if (close_range((unsigned)last + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    for (int other = last + 1; other < 65536; other++) fcntl(other, F_SETFD, FD_CLOEXEC);
  }
  for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(path, arguments, environment);
failed:;
  int code = errno;
  while (write(errors, &code, sizeof code) < 0 && errno == EINTR) {
  }
  _exit(126);
}

// fork(2) into a control group: a process that moves there later waits until the kernel has stopped all forks of the
// machine for a moment. 0 in the child; -1 with errno.
static pid_t fork_into(int group) {
  struct clone_args arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = (uint64_t)group;
  return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

int kilt_spawn_bound(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
                     const kilt_descriptor *descriptors, unsigned count, int group) {
  int errors[2];
  if (count > 128) return EINVAL;
  if (pipe2(errors, O_CLOEXEC) != 0) return errno;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  // The child does nothing but system calls, so that it needs none of what the C library does at a fork.
  pid_t child = group >= 0 ? fork_into(group) : -1;
  bool is_inside = child >= 0;
  // Before Linux 5.7 there is no such call.
  if (!is_inside) child = fork();
  if (child == 0) {
    become_bound(parent, errors[1], path, arguments, environment, descriptors, count, is_inside ? -1 : group);
  }
  int code = child < 0 ? errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(errors[1]);
  if (child > 0) {
    ssize_t length;
    while ((length = read(errors[0], &code, sizeof code)) < 0 && errno == EINTR) {
    }
    if (length != sizeof code) code = 0;
    if (code) {
      while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
      }
    } else {
      *pid = child;
    }
  }
  close(errors[0]);
  return code;
}

int kilt_terminal_size(int descriptor, unsigned short *rows, unsigned short *columns) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return -1;
  *rows = size.ws_row;
  *columns = size.ws_col;
  return 0;
}

int kilt_set_terminal_size(int descriptor, unsigned short rows, unsigned short columns) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return ioctl(descriptor, TIOCSWINSZ, &size);
}

int kilt_open_terminal(int ends[2], unsigned short rows, unsigned short columns) {
  char name[64];
  int own = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (own < 0) return -1;
  int other = -1;
  if (grantpt(own) == 0 && unlockpt(own) == 0 && ptsname_r(own, name, sizeof name) == 0) {
    other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  if (other < 0 || kilt_set_terminal_size(own, rows, columns) != 0) {
    int code = errno;
    if (other >= 0) close(other);
    close(own);
    errno = code;
    return -1;
  }
  ends[0] = own;
  ends[1] = other;
  return 0;
}

int kilt_packet_sockets(int sockets[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets); }

void kilt_show_arguments(int count, char *const words[]) {
  // The kernel lays the arguments out one after another, and this is the first of them.
  char *next = program_invocation_name, *end = next;
  for (int i = 0; i < count; i++) end += strlen(end) + 1;
  for (int i = 0; words[i] && next < end - 1; i++) {
    size_t length = strlen(words[i]), room = (size_t)(end - 1 - next);
    if (length > room) length = room;
    memcpy(next, words[i], length);
    next += length;
    *next++ = 0;
  }
  if (next < end) memset(next, 0, (size_t)(end - next));
  // The list ends here; without CAP_SYS_RESOURCE, zero bytes follow.
  prctl(PR_SET_MM, PR_SET_MM_ARG_END, next, 0, 0);
}

int kilt_mount_tmpfs(const char *path, const char *options) {
  return mount("tmpfs", path, "tmpfs", MS_NODEV | MS_NOSUID, options);
}

int kilt_unmount(const char *path) { return umount2(path, MNT_DETACH); }

int kilt_group_list(const char *user, unsigned group, unsigned *groups, int count) {
  return getgrouplist(user, group, groups, &count) < 0 ? -1 : count;
}

static struct bpf_insn instruction(int code, int target, int source, int offset, int value) {
  struct bpf_insn made = {
      .code = (uint8_t)code, .dst_reg = target & 15, .src_reg = source & 15, .off = (int16_t)offset, .imm = value};
  return made;
}

int kilt_guard_ports(int group, unsigned first, unsigned last, const unsigned *ports, unsigned count) {
  struct bpf_insn program[4096];
  unsigned n = 0;
  if (count > 4000) {
    errno = E2BIG;
    return -1;
  }
  // r2: the port asked for, in the order of bytes of this machine.
  program[n++] = instruction(BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct bpf_sock_addr, user_port), 0);
  program[n++] = instruction(BPF_ALU | BPF_END | BPF_TO_BE, 2, 0, 0, 16);
  int allow = 4 + (int)count + 2;
  program[n] = instruction(BPF_JMP | BPF_JLT | BPF_K, 2, 0, allow - (int)n - 1, (int)first);
  n++;
  program[n] = instruction(BPF_JMP | BPF_JGT | BPF_K, 2, 0, allow - (int)n - 1, (int)last);
  n++;
  for (unsigned i = 0; i < count; i++, n++) {
    program[n] = instruction(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, allow - (int)n - 1, (int)ports[i]);
  }
  for (int answer = 0; answer < 2; answer++) {
    program[n++] = instruction(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, answer);
    program[n++] = instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  }
  static const enum bpf_attach_type calls[] = {BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND};
  for (int i = 0; i < 2; i++) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
    attributes.insns = (uintptr_t)program;
    attributes.insn_cnt = n;
    attributes.license = (uintptr_t) "Apache-2.0";
    attributes.expected_attach_type = calls[i];
    int loaded = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
    if (loaded < 0) return -1;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)group;
    attributes.attach_bpf_fd = (uint32_t)loaded;
    attributes.attach_type = calls[i];
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    int result = (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes);
    int code = errno;
    close(loaded);
    errno = code;
    if (result != 0) return -1;
  }
  return 0;
}

int kilt_make_port_rules(unsigned first, unsigned last, const unsigned *ports, unsigned count) {
  enum { CREATE_RULESET = 444, ADD_RULE = 445, ASK_VERSION = 1, RULE_NET_PORT = 2, BIND_TCP = 1 };
  struct {
    uint64_t files, ports;
  } handled = {.ports = BIND_TCP};
  struct {
    uint64_t access, port;
  } rule = {.access = BIND_TCP};
  long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
  if (version < 0) return -1;
  if (version < 4) {
    errno = EOPNOTSUPP;
    return -1;
  }
  int rules = (int)syscall(CREATE_RULESET, &handled, sizeof handled, 0);
  if (rules < 0) return -1;
  for (unsigned port = 0; port <= 65535; port++) {
    int is_allowed = port < first || port > last;
    for (unsigned i = 0; i < count && !is_allowed; i++) is_allowed = ports[i] == port;
    rule.port = port;
    if (!is_allowed || syscall(ADD_RULE, rules, RULE_NET_PORT, &rule, 0) == 0) continue;
    int code = errno;
    close(rules);
    errno = code;
    return -1;
  }
  if (fcntl(rules, F_SETFD, FD_CLOEXEC) == 0) return rules;
  int code = errno;
  close(rules);
  errno = code;
  return -1;
}

int kilt_has_access_list(const char *path) { return getxattr(path, "system.posix_acl_access", NULL, 0) > 0; }
