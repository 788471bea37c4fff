// What Swift cannot say itself about the processor: which instructions it and the operating system
// allow, the mode of its floating-point unit, and the affinity of this process. No algorithm lives
// here.
#ifndef MARTLET_PROCESSOR_H
#define MARTLET_PROCESSOR_H

#include <stdbool.h>
#include <stdint.h>

// Processors this process may be scheduled on; 0 where the system does not say.
int32_t martlet_affinity_count(void);

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

// XCR0 says which register files the operating system saves on a switch; without that a wide
// register is lost even where the processor has the instructions.
static inline uint64_t martlet_x86_saved_state(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}

// x86-64-v3: AVX2, FMA, F16C, BMI1, BMI2, LZCNT, MOVBE.
static inline bool martlet_x86_has_v3(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const uint32_t leaf1 = (1u << 12) | (1u << 22) | (1u << 28) | (1u << 29);
  if ((c & leaf1) != leaf1) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const uint32_t leaf7 = (1u << 3) | (1u << 5) | (1u << 8);
  if ((b & leaf7) != leaf7) return false;
  if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(c & (1u << 5))) return false;
  return (martlet_x86_saved_state() & 0x6) == 0x6;
}

// x86-64-v4: AVX-512 F, DQ, CD, BW and VL.
static inline bool martlet_x86_has_v4(void) {
  if (!martlet_x86_has_v3()) return false;
  uint32_t a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const uint32_t leaf7 = (1u << 16) | (1u << 17) | (1u << 28) | (1u << 30) | (1u << 31);
  if ((b & leaf7) != leaf7) return false;
  return (martlet_x86_saved_state() & 0xe6) == 0xe6;
}

// Dot products of bfloat16 pairs in the vectors of x86-64-v4 (AVX-512 BF16) that do twice the work of
// multiply-adds: AMD's. A Xeon with the instruction gave 82 GFLOP/s by it on a core and 165 without.
static inline bool martlet_x86_has_fast_pairs(void) {
  uint32_t a, b, c, d;
  if (!martlet_x86_has_v4() || !__get_cpuid_count(7, 1, &a, &b, &c, &d)) return false;
  if ((a & (1u << 5)) == 0 || !__get_cpuid(0, &a, &b, &c, &d)) return false;
  return b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx;
}

// Whether this process may use tile registers of bfloat16 numbers (AMX). Linux gives a process their
// 8 KB of state only when asked.
bool martlet_x86_allow_tiles(void);

static inline void martlet_x86_pause(void) { _mm_pause(); }

static inline uint32_t martlet_x86_floating_point_mode(void) { return _mm_getcsr(); }
static inline void martlet_x86_set_floating_point_mode(uint32_t mode) { _mm_setcsr(mode); }
// Flush-to-zero and denormals-are-zero.
static inline uint32_t martlet_x86_flushing_denormals(uint32_t mode) { return mode | 0x8040u; }
#endif

#endif
