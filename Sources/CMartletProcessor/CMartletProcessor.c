#define _GNU_SOURCE
#include "CMartletProcessor.h"

#if defined(__linux__)
#include <sched.h>

int32_t martlet_affinity_count(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}
#else
int32_t martlet_affinity_count(void) { return 0; }
#endif
