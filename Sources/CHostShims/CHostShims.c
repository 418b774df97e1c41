#define _GNU_SOURCE
#include "CHostShims.h"

#include <sys/resource.h>
#include <sys/timex.h>
#include <unistd.h>

int kilt_clock_state(int *status) {
  struct timex facts = {0};
  int state = adjtimex(&facts);
  *status = facts.status;
  return state;
}

int kilt_open_files_limit(unsigned long long *hard) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  *hard = limit.rlim_max;
  return 0;
}

int kilt_landlock_version(void) {
  enum { CREATE_RULESET = 444, ASK_VERSION = 1 };
  return (int)syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
}
