/* The most multiply-adds that this processor does on so many threads, whatever they are good for.
 *
 *     cc -O3 -march=native -pthread peak.c -o peak
 *     ./peak 2
 *
 * prints one line of JSON: GFLOP/s (a multiply-add counts as two) of
 *   "fma"         fused multiply-adds of float32 in the widest vectors,
 *   "bf16_dot"    dot products of bfloat16 pairs into float32 (AVX512-BF16),
 *   "bf16_tiles"  products of bfloat16 tiles into float32 (AMX);
 * null where the processor or the system has none. Each is the best of a few rounds of some
 * milliseconds, by the time that the threads really ran: a peak is what is possible, not what is
 * usual.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum { ROUNDS = 12 };
static const double ROUND_SECONDS = 0.02;

/* One kernel: does `count` steps, each of `flops_per_step`, and returns something that depends on
 * all of them, so that no compiler leaves them out. */
typedef struct {
  const char *name;
  double flops_per_step;
  float (*run)(long count);
} kernel;

/* ---- Fused multiply-adds ---------------------------------------------------------------------*/

/* Vectors as the compiler knows them, so that one source serves every processor. */
#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
enum { HAS_FMA = 1 };
#else
enum { HAS_FMA = 0 };
#endif

/* A chain waits for its own last result, four to six cycles, while two units take one each per
 * cycle: twelve chains keep them busy and fit, with two constants, into 16 registers. Variables
 * of their own, since not every compiler keeps an array in registers. */
enum { CHAINS = 12 };
#define FOR_EACH_CHAIN(DO) \
  DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)

/* Lets no optimizer change the order of the steps of a chain, or merge chains that are equal. */
#if defined(__x86_64__)
#define KEEP(value) __asm__ volatile("" : "+v"(value))
#elif defined(__aarch64__)
#define KEEP(value) __asm__ volatile("" : "+w"(value))
#else
#define KEEP(value) (void)(value)
#endif

static float run_fma(long count) {
  volatile float half = 0.5f, one = 1.0f; /* unknown to the optimizer; x/2 + 1 goes to 2 */
  const vector scale = half - (vector){0}, offset = one - (vector){0};
  vector sum = {0};
#define DECLARE(i) vector chain##i = offset;
  FOR_EACH_CHAIN(DECLARE)
  for (long step = 0; step < count; step++) {
#define STEP(i) \
  chain##i = chain##i * scale + offset; \
  KEEP(chain##i);
    FOR_EACH_CHAIN(STEP)
  }
#define COLLECT(i) sum += chain##i;
  FOR_EACH_CHAIN(COLLECT)
#undef DECLARE
#undef STEP
#undef COLLECT
  return sum[0];
}

/* ---- Dot products of bfloat16 ----------------------------------------------------------------*/

#if defined(__AVX512BF16__)
static float run_bf16_dot(long count) {
  volatile float value = 0.0078125f; /* 2^-7, a bfloat16 without rounding */
  const __m512 given = _mm512_set1_ps(value);
  const __m512bh pairs = _mm512_cvtne2ps_pbh(given, given);
  __m512 sum = _mm512_setzero_ps();
#define DECLARE(i) __m512 chain##i = given;
  FOR_EACH_CHAIN(DECLARE)
  for (long step = 0; step < count; step++) {
#define STEP(i) \
  chain##i = _mm512_dpbf16_ps(chain##i, pairs, pairs); \
  KEEP(chain##i);
    FOR_EACH_CHAIN(STEP)
  }
#define COLLECT(i) sum = _mm512_add_ps(sum, chain##i);
  FOR_EACH_CHAIN(COLLECT)
#undef DECLARE
#undef STEP
#undef COLLECT
  return _mm512_reduce_add_ps(sum);
}
#endif

/* ---- Products of bfloat16 tiles --------------------------------------------------------------*/

#if defined(__x86_64__) && defined(__linux__)
#define HAS_TILE_CODE 1

enum { TILE_ROWS = 16, TILE_BYTES = 64, TILE_CHAINS = 6 };

/* The operand of LDTILECFG, palette 1. */
typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_configuration;
_Static_assert(sizeof(tile_configuration) == 64, "fixed by the instruction");

/* Whether tiles are in the processor, switched on by the system, and granted to this process. */
static int tiles_are_usable(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) return 0; /* OSXSAVE */
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  const unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24;
  if ((d & amx_bf16) == 0 || (d & amx_tile) == 0) return 0;
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const unsigned tile_state = 3u << 17; /* XTILECFG and XTILEDATA */
  if ((low & tile_state) != tile_state) return 0;
  /* The state of tiles is large; Linux saves it only for processes that ask, threads included. */
  const long arch_req_xcomp_perm = 0x1023, xtiledata = 18;
  return syscall(SYS_arch_prctl, arch_req_xcomp_perm, xtiledata) == 0;
}

/* The numbers of tiles are part of the instructions. Accumulators 0 to 5; 6 and 7 are the factors,
 * whose sizes are the same: 16 rows of 32 bfloat16. */
__attribute__((target("amx-tile,amx-bf16"))) static float run_bf16_tiles(long count) {
  tile_configuration configuration;
  memset(&configuration, 0, sizeof configuration);
  configuration.palette = 1;
  for (int tile = 0; tile < 8; tile++) {
    configuration.rows[tile] = TILE_ROWS;
    configuration.row_bytes[tile] = TILE_BYTES;
  }
  uint16_t factor[TILE_ROWS * TILE_BYTES / 2];
  for (size_t i = 0; i < sizeof factor / sizeof *factor; i++) factor[i] = 0x3c00; /* 2^-7 */
  float result[TILE_ROWS * TILE_BYTES / 4], sum = 0;

/* Not every compiler knows that these instructions read and write memory. */
#define PASS(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")
#define FOR_EACH_TILE(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define ZERO(i) _tile_zero(i);
#define STEP(i) _tile_dpbf16ps(i, 6, 7);
#define COLLECT(i) \
  _tile_stored(i, result, TILE_BYTES); \
  PASS(result);                        \
  sum += result[0];
  PASS(&configuration);
  _tile_loadconfig(&configuration);
  FOR_EACH_TILE(ZERO)
  PASS(factor);
  _tile_loadd(6, factor, TILE_BYTES);
  _tile_loadd(7, factor, TILE_BYTES);
  for (long step = 0; step < count; step++) {
    FOR_EACH_TILE(STEP)
  }
  FOR_EACH_TILE(COLLECT)
#undef ZERO
#undef STEP
#undef COLLECT
#undef PASS
  _tile_release();
  return sum;
}
#endif

/* ---- Timing ----------------------------------------------------------------------------------*/

typedef struct {
  const kernel *kernel;
  long count;
  pthread_barrier_t *start;
  double seconds; /* that the thread ran, without those in which others had its processor */
  float result;
} job;

static double thread_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void *work(void *argument) {
  job *mine = argument;
  pthread_barrier_wait(mine->start);
  const double begin = thread_seconds();
  mine->result = mine->kernel->run(mine->count);
  mine->seconds = thread_seconds() - begin;
  return NULL;
}

/* Steps per second of all threads together, each doing so many at the same time. */
static double rate(const kernel *kernel, int threads, long count) {
  job jobs[threads];
  pthread_t handles[threads];
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, (unsigned)threads);
  for (int i = 0; i < threads; i++) {
    jobs[i] = (job){.kernel = kernel, .count = count, .start = &start};
    if (pthread_create(&handles[i], NULL, work, &jobs[i]) != 0) {
      fprintf(stderr, "no more than %d threads can be started\n", i);
      exit(1);
    }
  }
  double sum = 0;
  volatile float used = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(handles[i], NULL);
    sum += (double)count / jobs[i].seconds;
    used += jobs[i].result;
  }
  pthread_barrier_destroy(&start);
  return sum;
}

static double gflops(const kernel *kernel, int threads) {
  long count = 1000;
  while ((double)count * threads / rate(kernel, threads, count) < ROUND_SECONDS) count *= 2;
  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    const double found = rate(kernel, threads, count);
    if (found > best) best = found;
  }
  return best * kernel->flops_per_step * 1e-9;
}

static void print(const char *separator, const kernel *kernel, int there, int threads) {
  printf("%s\"%s\": ", separator, kernel->name);
  if (there) {
    printf("%.1f", gflops(kernel, threads));
  } else {
    printf("null");
  }
}

int main(int argc, char **argv) {
  const int threads = argc == 2 ? atoi(argv[1]) : 0;
  if (threads < 1 || threads > 1024) {
    fprintf(stderr, "usage: peak THREADS, from 1 to 1024\n");
    return 2;
  }
  kernel fma = {"fma", 2.0 * LANES * CHAINS, run_fma};
  kernel dot = {"bf16_dot", 4.0 * LANES * CHAINS, NULL};
  kernel tiles = {"bf16_tiles", 0, NULL};
#if defined(__AVX512BF16__)
  dot.run = run_bf16_dot;
#endif
#if defined(HAS_TILE_CODE)
  if (tiles_are_usable()) {
    tiles.flops_per_step = 2.0 * TILE_CHAINS * TILE_ROWS * (TILE_BYTES / 4) * (TILE_BYTES / 2);
    tiles.run = run_bf16_tiles;
  }
#endif
  print("{", &fma, HAS_FMA, threads);
  print(", ", &dot, dot.run != NULL, threads);
  print(", ", &tiles, tiles.run != NULL, threads);
  printf("}\n");
  return 0;
}
