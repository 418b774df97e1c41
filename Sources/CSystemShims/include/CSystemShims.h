// Makes visible to Swift what glibc declares only under _GNU_SOURCE: Swift's Glibc module is built without it.
#ifndef KILT_CSYSTEM_SHIMS_H
#define KILT_CSYSTEM_SHIMS_H

#include <stdint.h>
#include <sys/types.h>

/// copy_file_range(2) from the current offset of `from` to that of `to`. Bytes copied, or -1 with errno.
ssize_t kilt_copy_file_range(int from, int to, size_t length);

/// renameat2(2) with RENAME_NOREPLACE. 0, or -1 with errno (EEXIST when `to` exists).
int kilt_rename_noreplace(const char *from, const char *to);

/// renameat2(2) with RENAME_EXCHANGE: what is at either path is at the other then. 0, or -1 with errno.
int kilt_rename_exchange(const char *one, const char *other);

/// pipe2(2) with O_CLOEXEC.
int kilt_pipe_cloexec(int descriptors[2]);

/// pidfd_open(2); the descriptor is close-on-exec.
int kilt_pidfd_open(pid_t pid);

/// pidfd_send_signal(2).
int kilt_pidfd_send_signal(int pidfd, int signal);

/// memfd_create(2) with MFD_CLOEXEC.
int kilt_memfd_create(const char *name);

/// prctl(2) with PR_SET_CHILD_SUBREAPER set to 1.
int kilt_become_child_subreaper(void);

/// prctl(2) with PR_SET_PDEATHSIG.
int kilt_set_parent_death_signal(int signal);

/// Whether a file has an access list (acl(5)); 0 where the file system has none or it cannot be asked.
int kilt_has_access_list(const char *path);

/// The FICLONE ioctl: `to` shares the extents of `from`. 0, or -1 with errno.
int kilt_clone_file(int to, int from);

/// How posix_spawn(3) is to start a child of ours. Descriptors are duplicated onto 0, 1, 2; -1 means /dev/null.
typedef struct {
  int standard_input;
  int standard_output;
  int standard_error;
  const char *working_directory; // NULL: the parent's
  int new_session;               // setsid(2) in the child
} kilt_spawn_options;

/// posix_spawn(3) of `path` with the options. Every other descriptor is closed in the child, signals are at their
/// defaults and none is blocked. 0 and the pid, or an errno value.
int kilt_spawn(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
               const kilt_spawn_options *options);

/// A descriptor of ours, and its number in a child.
typedef struct {
  int from;
  int to;
} kilt_descriptor;

/// Starts `path` in a session of its own with exactly the descriptors given; 0, 1 and 2 that are not among them are
/// /dev/null. The child is killed when the thread that called this ends. Signals are at their defaults and none is
/// blocked. It begins in the control group of version 2 whose directory `group` is; -1 for the parent's own. 0 and the
/// pid, or an errno value.
int kilt_spawn_bound(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
                     const kilt_descriptor *descriptors, unsigned count, int group);

/// Lets processes of a control group (version 2, an open directory) bind no port from `first` to `last` but those listed:
/// bind(2) answers EPERM. 0, or -1 with errno. Holds as long as the group exists.
int kilt_guard_ports(int group, unsigned first, unsigned last, const unsigned *ports, unsigned count);

/// Makes rules of Landlock (landlock(7), Linux 6.7 or later) that allow bind(2) of TCP sockets to every port but those from
/// `first` to `last` that are not listed. A close-on-exec descriptor for landlock_restrict_self(2), or -1 with errno.
int kilt_make_port_rules(unsigned first, unsigned last, const unsigned *ports, unsigned count);

/// Opens a new terminal of that size, close-on-exec: the end of who watches it, and that of who works in it. 0, or -1
/// with errno.
int kilt_open_terminal(int ends[2], unsigned short rows, unsigned short columns);

/// The size of a terminal; 0, or -1 with errno when it is none.
int kilt_terminal_size(int descriptor, unsigned short *rows, unsigned short *columns);

/// Sets the size of a terminal, and so tells who works in it.
int kilt_set_terminal_size(int descriptor, unsigned short rows, unsigned short columns);

/// socketpair(2) of two connected packet sockets, close-on-exec.
int kilt_packet_sockets(int sockets[2]);

/// Shows other words in place of this process's arguments where processes are listed (ps(1)): as many bytes as the arguments
/// take now. `count` is the number of the arguments that main() got, the program's name among them.
void kilt_show_arguments(int count, char *const words[]);

/// mount(2) of a tmpfs with these options, without devices and set-user-ID programs.
int kilt_mount_tmpfs(const char *path, const char *options);

/// umount2(2) with MNT_DETACH.
int kilt_unmount(const char *path);

/// getgrouplist(3): how many groups there are, at most `count` of which are stored; -1 when there are more.
int kilt_group_list(const char *user, unsigned group, unsigned *groups, int count);

/// The kind of file system that an open file is on, as statfs(2) has it; 0 when it cannot be told.
unsigned long kilt_file_system_type(int file);

#endif
