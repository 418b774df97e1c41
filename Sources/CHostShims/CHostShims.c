#include "CHostShims.h"

#include <sys/resource.h>
#include <sys/timex.h>

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
