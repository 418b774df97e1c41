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

/// The kind of file system that an open file is on, as statfs(2) has it; 0 when it can not be told.
unsigned long kilt_file_system_type(int file);

#endif
