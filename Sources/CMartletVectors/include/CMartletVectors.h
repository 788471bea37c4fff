#ifndef CMARTLETVECTORS_H
#define CMARTLETVECTORS_H

// Vectors of floats: what Swift cannot say, or can say only through generic functions of its
// standard library (unaligned loads, roots, conversions, halves). Where Swift's inliner stops, such
// a function stays behind under a name that the modules of all instruction-set levels share, and
// the linker keeps one of them: wide instructions in the path for a plain processor. Functions of
// a header are private to each object file, and these are always inlined.

#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define MARTLET_INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#define MARTLET_LANES 16
#elif defined(__AVX2__)
#define MARTLET_LANES 8
#else
#define MARTLET_LANES 4
#endif

typedef float martlet_floats __attribute__((ext_vector_type(MARTLET_LANES)));
typedef int32_t martlet_integers __attribute__((ext_vector_type(MARTLET_LANES)));
typedef uint32_t martlet_words __attribute__((ext_vector_type(MARTLET_LANES)));
typedef uint16_t martlet_shorts __attribute__((ext_vector_type(MARTLET_LANES)));
typedef uint64_t martlet_longs __attribute__((ext_vector_type(MARTLET_LANES / 2)));

MARTLET_INLINE martlet_floats martlet_load(const float *_Nonnull source) {
  martlet_floats value;
  memcpy(&value, source, sizeof value);
  return value;
}

MARTLET_INLINE void martlet_store(martlet_floats value, float *_Nonnull target) {
  memcpy(target, &value, sizeof value);
}

MARTLET_INLINE martlet_shorts martlet_load_shorts(const uint16_t *_Nonnull source) {
  martlet_shorts value;
  memcpy(&value, source, sizeof value);
  return value;
}

MARTLET_INLINE void martlet_store_shorts(martlet_shorts value, uint16_t *_Nonnull target) {
  memcpy(target, &value, sizeof value);
}

// The first `count` elements, less than a vector. Memory beyond them is not touched.

#if defined(__AVX512F__)

MARTLET_INLINE martlet_floats martlet_load_partial(
    const float *_Nonnull source, long count, float fill) {
  return (martlet_floats)_mm512_mask_loadu_ps(
      _mm512_set1_ps(fill), (__mmask16)_bzhi_u32(0xffff, (unsigned)count), source);
}

MARTLET_INLINE void martlet_store_partial(
    martlet_floats value, float *_Nonnull target, long count) {
  _mm512_mask_storeu_ps(target, (__mmask16)_bzhi_u32(0xffff, (unsigned)count), (__m512)value);
}

MARTLET_INLINE martlet_shorts martlet_load_partial_shorts(
    const uint16_t *_Nonnull source, long count) {
  return (martlet_shorts)_mm256_maskz_loadu_epi16(
      (__mmask16)_bzhi_u32(0xffff, (unsigned)count), source);
}

MARTLET_INLINE void martlet_store_partial_shorts(
    martlet_shorts value, uint16_t *_Nonnull target, long count) {
  _mm256_mask_storeu_epi16(
      target, (__mmask16)_bzhi_u32(0xffff, (unsigned)count), (__m256i)value);
}

#else

#if defined(__AVX2__)

MARTLET_INLINE __m256i martlet_first_lanes(long count) {
  return _mm256_cmpgt_epi32(
      _mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

MARTLET_INLINE martlet_floats martlet_load_partial(
    const float *_Nonnull source, long count, float fill) {
  __m256i mask = martlet_first_lanes(count);
  return (martlet_floats)_mm256_blendv_ps(
      _mm256_set1_ps(fill), _mm256_maskload_ps(source, mask), _mm256_castsi256_ps(mask));
}

MARTLET_INLINE void martlet_store_partial(
    martlet_floats value, float *_Nonnull target, long count) {
  _mm256_maskstore_ps(target, martlet_first_lanes(count), (__m256)value);
}

#else

MARTLET_INLINE martlet_floats martlet_load_partial(
    const float *_Nonnull source, long count, float fill) {
  martlet_floats value = fill;
  if (count > 0) value[0] = source[0];
  if (count > 1) value[1] = source[1];
  if (count > 2) value[2] = source[2];
  return value;
}

MARTLET_INLINE void martlet_store_partial(
    martlet_floats value, float *_Nonnull target, long count) {
  if (count > 0) target[0] = value[0];
  if (count > 1) target[1] = value[1];
  if (count > 2) target[2] = value[2];
}

#endif

MARTLET_INLINE martlet_shorts martlet_load_partial_shorts(
    const uint16_t *_Nonnull source, long count) {
  martlet_shorts value = 0;
  for (long i = 0; i < MARTLET_LANES; i++)
    if (i < count) value[i] = source[i];
  return value;
}

MARTLET_INLINE void martlet_store_partial_shorts(
    martlet_shorts value, uint16_t *_Nonnull target, long count) {
  for (long i = 0; i < MARTLET_LANES; i++)
    if (i < count) target[i] = value[i];
}

#endif

// Lane by lane.

MARTLET_INLINE martlet_floats martlet_square_root(martlet_floats value) {
  return __builtin_elementwise_sqrt(value);
}

MARTLET_INLINE martlet_floats martlet_converted(martlet_integers value) {
  return __builtin_convertvector(value, martlet_floats);
}

MARTLET_INLINE martlet_words martlet_widened(martlet_shorts value) {
  return __builtin_convertvector(value, martlet_words);
}

// The low 16 bits of every lane.
MARTLET_INLINE martlet_shorts martlet_narrowed(martlet_words value) {
  return __builtin_convertvector(value, martlet_shorts);
}

// Across lanes, by halves: lane i with lane i + 8, then 4, 2, 1.

MARTLET_INLINE float martlet_sum_four(float __attribute__((ext_vector_type(4))) value) {
  return (value[0] + value[2]) + (value[1] + value[3]);
}

MARTLET_INLINE float martlet_lane_sum(martlet_floats value) {
#if MARTLET_LANES == 16
  float __attribute__((ext_vector_type(8))) eight = value.lo + value.hi;
  return martlet_sum_four(eight.lo + eight.hi);
#elif MARTLET_LANES == 8
  return martlet_sum_four(value.lo + value.hi);
#else
  return martlet_sum_four(value);
#endif
}

// The greatest lane that is a number.
MARTLET_INLINE float martlet_lane_maximum(martlet_floats value) {
  return __builtin_reduce_max(value);
}

// Lanes of two vectors by turns: a0 b0 a1 b1 and so on.

#if MARTLET_LANES == 16
#define MARTLET_LOW_TURNS 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define MARTLET_HIGH_TURNS 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define MARTLET_LOW_LONGS 0, 8, 1, 9, 2, 10, 3, 11
#define MARTLET_HIGH_LONGS 4, 12, 5, 13, 6, 14, 7, 15
#define MARTLET_EVEN_TURNS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define MARTLET_ODD_TURNS 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif MARTLET_LANES == 8
#define MARTLET_LOW_TURNS 0, 8, 1, 9, 2, 10, 3, 11
#define MARTLET_HIGH_TURNS 4, 12, 5, 13, 6, 14, 7, 15
#define MARTLET_LOW_LONGS 0, 4, 1, 5
#define MARTLET_HIGH_LONGS 2, 6, 3, 7
#define MARTLET_EVEN_TURNS 0, 2, 4, 6, 8, 10, 12, 14
#define MARTLET_ODD_TURNS 1, 3, 5, 7, 9, 11, 13, 15
#else
#define MARTLET_LOW_TURNS 0, 4, 1, 5
#define MARTLET_HIGH_TURNS 2, 6, 3, 7
#define MARTLET_LOW_LONGS 0, 2
#define MARTLET_HIGH_LONGS 1, 3
#define MARTLET_EVEN_TURNS 0, 2, 4, 6
#define MARTLET_ODD_TURNS 1, 3, 5, 7
#endif

MARTLET_INLINE martlet_floats martlet_low_turns(martlet_floats a, martlet_floats b) {
  return __builtin_shufflevector(a, b, MARTLET_LOW_TURNS);
}

MARTLET_INLINE martlet_floats martlet_high_turns(martlet_floats a, martlet_floats b) {
  return __builtin_shufflevector(a, b, MARTLET_HIGH_TURNS);
}

MARTLET_INLINE martlet_longs martlet_low_long_turns(martlet_longs a, martlet_longs b) {
  return __builtin_shufflevector(a, b, MARTLET_LOW_LONGS);
}

MARTLET_INLINE martlet_longs martlet_high_long_turns(martlet_longs a, martlet_longs b) {
  return __builtin_shufflevector(a, b, MARTLET_HIGH_LONGS);
}

// The even, or odd, lanes of `a` and then of `b`.
MARTLET_INLINE martlet_floats martlet_even_lanes(martlet_floats a, martlet_floats b) {
  return __builtin_shufflevector(a, b, MARTLET_EVEN_TURNS);
}

MARTLET_INLINE martlet_floats martlet_odd_lanes(martlet_floats a, martlet_floats b) {
  return __builtin_shufflevector(a, b, MARTLET_ODD_TURNS);
}

// The lanes of `a` and then `b` with these numbers.
MARTLET_INLINE martlet_floats martlet_picked(
    martlet_floats a, martlet_floats b, martlet_integers lanes) {
#if defined(__AVX512F__)
  return (martlet_floats)_mm512_permutex2var_ps((__m512)a, (__m512i)lanes, (__m512)b);
#elif defined(__AVX2__)
  const __m256 first = _mm256_permutevar8x32_ps((__m256)a, (__m256i)lanes);
  const __m256 second = _mm256_permutevar8x32_ps((__m256)b, (__m256i)lanes);
  const __m256i isSecond = _mm256_cmpgt_epi32((__m256i)lanes, _mm256_set1_epi32(7));
  return (martlet_floats)_mm256_blendv_ps(first, second, _mm256_castsi256_ps(isSecond));
#else
  float both[2 * MARTLET_LANES];
  memcpy(both, &a, sizeof a);
  memcpy(both + MARTLET_LANES, &b, sizeof b);
  martlet_floats result;
  for (int lane = 0; lane < MARTLET_LANES; lane++) result[lane] = both[lanes[lane]];
  return result;
#endif
}

// Pairs of bfloat16 numbers.

// Both products of each lane's pairs, added to its sum.
MARTLET_INLINE martlet_floats martlet_add_pairs(
    martlet_floats sum, martlet_words a, martlet_words b) {
#if defined(__AVX512BF16__)
  return (martlet_floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  // The products are exact in float32.
  const martlet_words upper = 0xffff0000;
  sum += (martlet_floats)(a << 16) * (martlet_floats)(b << 16);
  return sum + (martlet_floats)(a & upper) * (martlet_floats)(b & upper);
#endif
}

// Two vectors, rounded to the nearest bfloat16 numbers: the even one of two, NaN to NaN.
MARTLET_INLINE void martlet_store_rounded_pairs(
    martlet_floats first, martlet_floats second, uint16_t *_Nonnull target) {
#if defined(__AVX512BF16__)
  const __m512bh pairs = _mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
  memcpy(target, &pairs, sizeof pairs);
#else
  const martlet_floats parts[] = {first, second};
  for (int part = 0; part < 2; part++) {
    martlet_words word;
    memcpy(&word, &parts[part], sizeof word);
    const martlet_words quiet = (martlet_words)((word & 0x7fffffffu) > 0x7f800000u);
    const martlet_words up = (word + 0x7fffu + ((word >> 16) & 1u)) & ~quiet;
    const martlet_shorts result =
        __builtin_convertvector((up | ((word | 0x00400000u) & quiet)) >> 16, martlet_shorts);
    memcpy(target + part * MARTLET_LANES, &result, sizeof result);
  }
#endif
}

#include "CMartletTiles.h"

#endif
