// kilt-init: the parent of one run of one process of a task. kilt-executor starts it, inside the sandbox if there is
// one, and speaks with it over a socket.
//
// It prepares everything as the executor's part of the task: only its child, a moment before it becomes the command,
// joins the control group and is subject to its limits. It reports how the command ended, with the signal if one ended
// it. It passes SIGTERM on to everything that the command has started, and then keeps the sandbox until all of that has
// ended: the end of the shell around a server is not the end of the server.
//
// A program of its own in C, linked statically: it is started once for each run, and its start is part of the run's.
//
// Messages to the executor, one a packet: "S" the command is executed, "X" and its exit code, "G" and the number of the
// signal that ended it, "E" and what failed. From the executor: "T" terminate, "K" kill. The end of the socket is the
// end of the executor, and of everything here.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_GROUP_FILES = 16, MAX_LIMITS = 8, MAX_GROUPS = 256, MAX_TEXTS = 8 << 20 };

static struct {
  int socket;
  bool is_namespace; // the first process of a PID namespace
  bool has_terminal; // descriptor 0 is a terminal to control
  bool becomes_user;
  uid_t user;
  gid_t group;
  gid_t groups[MAX_GROUPS];
  size_t group_count;
  int member_files[MAX_GROUP_FILES];
  size_t member_file_count;
  struct {
    int resource;
    rlim_t value;
  } limits[MAX_LIMITS];
  size_t limit_count;
  int environment; // a file with the variables, each ended by a zero byte
  int words;       // the same with the words of the command
  int filter;      // a file with the program of a system call filter
  int port_rules;  // rules of Landlock about ports
  const char *directory;
} options = {.socket = -1, .environment = -1, .words = -1, .filter = -1, .port_rules = -1};

static void report(char kind, const char *text) {
  char message[512];
  int length = snprintf(message, sizeof message, "%c%s", kind, text);
  if (length >= (int)sizeof message) length = sizeof message - 1;
  while (send(options.socket, message, (size_t)length, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

__attribute__((noreturn)) static void fail(const char *step) {
  char text[256];
  snprintf(text, sizeof text, "%s: %s", step, strerror(errno));
  report('E', text);
  _exit(125);
}

// MARK: Options

__attribute__((noreturn)) static void refuse_options(void) {
  errno = EINVAL;
  fail("options");
}

static long number(const char *text) {
  char *end = NULL;
  errno = 0;
  long value = text ? strtol(text, &end, 10) : -1;
  if (!text || errno || *end || end == text) refuse_options();
  return value;
}

static void parse(char **arguments) {
  for (char **next = arguments + 1; *next; next++) {
    const char *option = *next;
    if (strcmp(option, "-n") == 0) {
      options.is_namespace = true;
      continue;
    }
    if (strcmp(option, "-t") == 0) {
      options.has_terminal = true;
      continue;
    }
    if (!next[1]) refuse_options();
    const char *value = *++next;
    if (strcmp(option, "-s") == 0) {
      options.socket = (int)number(value);
    } else if (strcmp(option, "-u") == 0) {
      options.becomes_user = true;
      options.user = (uid_t)number(value);
    } else if (strcmp(option, "-g") == 0) {
      options.group = (gid_t)number(value);
    } else if (strcmp(option, "-a") == 0 && options.group_count < MAX_GROUPS) {
      options.groups[options.group_count++] = (gid_t)number(value);
    } else if (strcmp(option, "-m") == 0 && options.member_file_count < MAX_GROUP_FILES) {
      options.member_files[options.member_file_count++] = (int)number(value);
    } else if (strcmp(option, "-l") == 0 && next[1] && options.limit_count < MAX_LIMITS) {
      options.limits[options.limit_count].resource = (int)number(value);
      options.limits[options.limit_count++].value = (rlim_t)number(*++next);
    } else if (strcmp(option, "-e") == 0) {
      options.environment = (int)number(value);
    } else if (strcmp(option, "-c") == 0) {
      options.words = (int)number(value);
    } else if (strcmp(option, "-f") == 0) {
      options.filter = (int)number(value);
    } else if (strcmp(option, "-p") == 0) {
      options.port_rules = (int)number(value);
    } else if (strcmp(option, "-d") == 0) {
      options.directory = value;
    } else {
      refuse_options();
    }
  }
  if (options.words < 0) refuse_options();
}

// The whole content of a file that is not longer than the limit, ended by a zero byte.
static char *content(int descriptor, size_t limit, size_t *length) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || (size_t)status.st_size > limit) fail("read a description");
  char *bytes = malloc((size_t)status.st_size + 1);
  if (!bytes) fail("allocate");
  size_t count = 0;
  while (count < (size_t)status.st_size) {
    ssize_t more = pread(descriptor, bytes + count, (size_t)status.st_size - count, (off_t)count);
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) fail("read a description");
    count += (size_t)more;
  }
  bytes[count] = 0;
  *length = count;
  return bytes;
}

// The texts of a file, each of which ends with a zero byte.
static char **texts(int descriptor) {
  static char *none[] = {NULL};
  if (descriptor < 0) return none;
  size_t length = 0;
  char *bytes = content(descriptor, MAX_TEXTS, &length);
  size_t count = 0;
  for (size_t i = 0; i < length; i++) count += bytes[i] == 0;
  char **list = calloc(count + 2, sizeof *list);
  if (!list) fail("allocate");
  count = 0;
  for (size_t i = 0; i < length; i += strlen(bytes + i) + 1) list[count++] = bytes + i;
  return list;
}

// MARK: The command

static void become_user(void) {
  if (!options.becomes_user) return;
  // Without the capability the set is empty or not ours to shrink: an error there is none.
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (setgroups(options.group_count, options.groups) != 0) fail("setgroups");
  if (setresgid(options.group, options.group, options.group) != 0) fail("setresgid");
  if (setresuid(options.user, options.user, options.user) != 0) fail("setresuid");
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}};
  if (syscall(SYS_capset, &header, none) != 0) fail("capset");
}

static void load_filter(void) {
  if (options.filter < 0) return;
  size_t length = 0;
  char *bytes = content(options.filter, 1 << 20, &length);
  struct sock_fprog program = {
      .len = (unsigned short)(length / sizeof(struct sock_filter)), .filter = (struct sock_filter *)bytes};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) fail("seccomp");
}

enum { CREATE_RULESET = 444, RESTRICT_SELF = 446 };

// Where no control group guards the ports of other tasks, Landlock does, for TCP.
static void leave_ports(void) {
  if (options.port_rules < 0) return;
  if (syscall(RESTRICT_SELF, options.port_rules, 0) != 0) fail("landlock");
}

// Abstract sockets belong to the network, which a task shares with the host: Landlock (landlock(7), from version 6 of its
// interface on) keeps the command from those that it has not made itself. An older kernel cannot.
static void leave_abstract_sockets(void) {
  enum { ASK_VERSION = 1, SCOPE_ABSTRACT_SOCKETS = 1 };
  struct {
    unsigned long long files, ports, scoped;
  } rules = {.scoped = SCOPE_ABSTRACT_SOCKETS};
  if (syscall(CREATE_RULESET, NULL, 0, ASK_VERSION) < 6) return;
  int ruleset = (int)syscall(CREATE_RULESET, &rules, sizeof rules, 0);
  if (ruleset < 0 || syscall(RESTRICT_SELF, ruleset, 0) != 0) fail("landlock");
  close(ruleset);
}

__attribute__((noreturn)) static void execute(void) {
  char **variables = texts(options.environment), **command = texts(options.words);
  if (!command[0]) refuse_options();
  // From here on, everything belongs to the task.
  for (size_t i = 0; i < options.member_file_count; i++) {
    if (write(options.member_files[i], "0", 1) != 1) fail("join the control group");
  }
  if (setsid() < 0) fail("setsid");
  if (options.has_terminal && ioctl(0, TIOCSCTTY, 0) != 0) fail("control the terminal");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  // The user may pass no directory above its own; and root without its rights may not enter one that is the user's alone.
  bool has_entered = !options.directory || chdir(options.directory) == 0;
  become_user();
  for (size_t i = 0; i < options.limit_count; i++) {
    struct rlimit limit = {options.limits[i].value, options.limits[i].value};
    if (setrlimit(options.limits[i].resource, &limit) != 0) fail("setrlimit");
  }
  if (!has_entered && chdir(options.directory) != 0) fail(options.directory);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no new privileges");
  if (options.is_namespace) leave_abstract_sockets();
  leave_ports();
  load_filter();
  // The socket stays until the command is there: it closes by itself then.
  fcntl(options.socket, F_SETFD, FD_CLOEXEC);
  close_range(3, (unsigned)options.socket - 1, 0);
  close_range((unsigned)options.socket + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(command[0], command, variables);
  fail(command[0]);
}

// MARK: What the command has started

struct member {
  pid_t id, parent;
  bool catches; // SIGTERM
  ino_t input, output, errors; // pipes, or 0
};

static ino_t pipe_of(pid_t id, int descriptor) {
  char path[64], target[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", id, descriptor);
  ssize_t length = readlink(path, target, sizeof target - 1);
  unsigned long inode = 0;
  if (length <= 0) return 0;
  target[length] = 0;
  return sscanf(target, "pipe:[%lu]", &inode) == 1 ? (ino_t)inode : 0;
}

// Reads one process; false if it has ended.
static bool look(pid_t id, struct member *member) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/status", id);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  ssize_t length = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  if (length <= 0) return false;
  text[length] = 0;
  // The name comes first and cannot hold a newline: the kernel escapes it.
  const char *state = strstr(text, "\nState:\t"), *parent = strstr(text, "\nPPid:\t");
  const char *caught = strstr(text, "\nSigCgt:\t");
  if (!state || !parent || !caught || state[8] == 'Z' || state[8] == 'X') return false;
  member->id = id;
  member->parent = (pid_t)atoi(parent + 7);
  member->catches = strtoull(caught + 9, NULL, 16) >> (SIGTERM - 1) & 1;
  return true;
}

// All processes below this one, as an array of its own; NULL and -1 if they cannot be listed.
static struct member *descendants(ssize_t *count) {
  DIR *directory = opendir("/proc");
  *count = -1;
  if (!directory) return NULL;
  size_t capacity = 64, found = 0;
  struct member *members = malloc(capacity * sizeof *members);
  struct dirent *entry;
  pid_t own = getpid();
  while (members && (entry = readdir(directory))) {
    pid_t id = (pid_t)atoi(entry->d_name);
    if (id <= 0 || id == own) continue;
    if (found == capacity) {
      struct member *more = realloc(members, 2 * capacity * sizeof *members);
      if (!more) break;
      members = more;
      capacity *= 2;
    }
    if (look(id, &members[found])) found++;
  }
  closedir(directory);
  if (!members) return NULL;
  if (!options.is_namespace) {
    // Moves what is known to be below to the front, until nothing more is.
    size_t below = 0;
    for (bool more = true; more;) {
      more = false;
      for (size_t i = below; i < found; i++) {
        bool is_below = members[i].parent == own;
        for (size_t j = 0; j < below && !is_below; j++) is_below = members[j].id == members[i].parent;
        if (!is_below) continue;
        struct member moved = members[i];
        members[i] = members[below];
        members[below++] = moved;
        more = true;
      }
    }
    found = below;
  }
  *count = (ssize_t)found;
  return members;
}

static void kill_all(void) {
  if (options.is_namespace) {
    kill(-1, SIGKILL);
    return;
  }
  ssize_t count;
  struct member *members = descendants(&count);
  for (ssize_t i = 0; i < count; i++) kill(members[i].id, SIGKILL);
  free(members);
}

// One that was not sent SIGTERM because it reads what others write, and since when it reads from nobody.
static struct {
  pid_t id;
  long long since;
} *waiting;
static size_t waiting_count;

static long long milliseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

// Whether a process reads a pipe that another one writes.
static bool is_reader(const struct member *members, ssize_t count, ssize_t which) {
  for (ssize_t i = 0; members[which].input && i < count; i++) {
    if (i != which && (members[i].output == members[which].input || members[i].errors == members[which].input)) {
      return true;
    }
  }
  return false;
}

static struct member *members_with_pipes(ssize_t *count) {
  struct member *members = descendants(count);
  for (ssize_t i = 0; i < *count; i++) {
    members[i].input = pipe_of(members[i].id, 0);
    members[i].output = pipe_of(members[i].id, 1);
    members[i].errors = pipe_of(members[i].id, 2);
  }
  return members;
}

// Sends SIGTERM to all that are there. One that reads a pipe of another and does not catch the signal (a `tee`, the
// reader of a log) is left: its end is the end of its input. True while some are left.
static bool terminate(void) {
  ssize_t count;
  struct member *members = members_with_pipes(&count);
  if (count < 0) {
    if (options.is_namespace) kill(-1, SIGTERM);
    return false;
  }
  waiting = calloc((size_t)count + 1, sizeof *waiting);
  for (ssize_t i = 0; i < count; i++) {
    if (waiting && !members[i].catches && is_reader(members, count, i)) {
      waiting[waiting_count].since = 0;
      waiting[waiting_count++].id = members[i].id;
    } else {
      kill(members[i].id, SIGTERM);
    }
  }
  free(members);
  return waiting_count > 0;
}

// Sends SIGTERM to those left that do not end although nobody has written to them for a second. True while some wait.
static bool terminate_readers(void) {
  ssize_t count;
  struct member *members = members_with_pipes(&count);
  long long now = milliseconds();
  size_t left = 0;
  for (size_t i = 0; i < waiting_count; i++) {
    ssize_t which = 0;
    while (which < count && members[which].id != waiting[i].id) which++;
    if (which >= count) continue;
    if (is_reader(members, count, which)) {
      waiting[i].since = 0;
    } else if (waiting[i].since == 0) {
      waiting[i].since = now;
    } else if (now - waiting[i].since >= 1000) {
      kill(waiting[i].id, SIGTERM);
      continue;
    }
    waiting[left++] = waiting[i];
  }
  waiting_count = left;
  free(members);
  return left > 0;
}

// MARK: The loop

int main(int argc, char **argv) {
  (void)argc;
  parse(argv);
  if (options.socket < 3) return 125;
  prctl(PR_SET_NAME, "kilt-init", 0, 0, 0);
  sigset_t blocked;
  sigfillset(&blocked);
  sigprocmask(SIG_SETMASK, &blocked, NULL);
  // What a run leaves behind becomes a child of this process, as in a namespace of its own.
  if (!options.is_namespace) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  int events = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  if (events < 0) fail("signalfd");
  int started[2];
  if (pipe2(started, O_CLOEXEC) != 0) fail("pipe2");
  pid_t command = fork();
  if (command < 0) fail("fork");
  if (command == 0) execute();
  close(started[1]);
  // Its own copies of what only the command needs.
  for (size_t i = 0; i < options.member_file_count; i++) close(options.member_files[i]);
  if (options.environment >= 0) close(options.environment);
  close(options.words);
  if (options.port_rules >= 0) close(options.port_rules);
  if (options.is_namespace) {
    // Nothing here needs a privilege any more. A change of user takes the death signal and the dumpable mark back.
    become_user();
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }
  char byte;
  while (read(started[0], &byte, 1) < 0 && errno == EINTR) {
  }
  close(started[0]);

  bool is_told = false, is_stopping = false, has_ended = false, some_wait = false, is_killing = false;
  int code = 1;
  for (;;) {
    // Children first: the command may be one of them.
    for (;;) {
      int status;
      pid_t child = waitpid(-1, &status, WNOHANG);
      if (child < 0 && errno == EINTR) continue;
      if (child < 0) {
        // None is left.
        if (has_ended) return code;
        report('E', "the command is lost");
        return 125;
      }
      if (child == 0) break;
      if (child != command || has_ended) continue;
      has_ended = true;
      char text[16];
      snprintf(text, sizeof text, "%d", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
      code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      report(WIFSIGNALED(status) ? 'G' : 'X', text);
      if (!is_stopping) {
        // The end of a run is the end of everything that it has started: with the namespace, or one by one.
        if (options.is_namespace) _exit(code);
        is_killing = true;
      }
    }
    if (is_killing) kill_all();
    if (!is_told) {
      // The pipe was closed by the command's start, or by its failure: that has been reported then.
      is_told = true;
      if (!has_ended) report('S', "");
    }
    struct pollfd polled[] = {{.fd = options.socket, .events = POLLIN}, {.fd = events, .events = POLLIN}};
    int timeout = is_killing ? 10 : some_wait ? 50 : -1;
    if (poll(polled, 2, timeout) < 0 && errno != EINTR) fail("poll");
    struct signalfd_siginfo ignored[8];
    while (read(events, ignored, sizeof ignored) > 0) {
    }
    if (polled[0].revents) {
      char order = 0;
      ssize_t length = recv(options.socket, &order, 1, MSG_DONTWAIT);
      if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) order = 'K';
      if (order == 'T' && !is_stopping) {
        is_stopping = true;
        some_wait = terminate();
      } else if (order == 'K') {
        if (options.is_namespace) _exit(137);
        is_killing = is_stopping = true;
      }
    }
    if (is_stopping && some_wait && !is_killing) some_wait = terminate_readers();
  }
}
