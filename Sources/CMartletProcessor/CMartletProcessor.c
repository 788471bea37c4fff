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

#if defined(__x86_64__)
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

bool martlet_x86_allow_tiles(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const uint32_t amx = (1u << 22) | (1u << 24);  // AMX-BF16, AMX-TILE
  if ((d & amx) != amx) return false;
  // Configuration and data of the tiles are saved on a switch.
  const uint64_t state = (1u << 17) | (1u << 18);
  if ((martlet_x86_saved_state() & state) != state) return false;
#if defined(__linux__)
  const long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}
#endif
