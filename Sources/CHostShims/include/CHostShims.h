// The state of the kernel's clock, whose declarations Swift's Glibc module leaves out.
#ifndef KILT_CHOST_SHIMS_H
#define KILT_CHOST_SHIMS_H

/// adjtimex(2), reading only. The clock's state (`TIME_OK` is 0, `TIME_ERROR` is 5), or -1 with errno; `status` receives
/// the bits `STA_…`.
int kilt_clock_state(int *status);

/// The hard limit of open files (getrlimit(2), `RLIMIT_NOFILE`). 0, or -1 with errno.
int kilt_open_files_limit(unsigned long long *hard);

/// The version of Landlock's interface (landlock(7)); 0 or less where the kernel has none or does not use it.
int kilt_landlock_version(void);

#endif
