#define _GNU_SOURCE
#include "CSystemShims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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
