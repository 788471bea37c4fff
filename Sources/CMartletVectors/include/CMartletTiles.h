#ifndef CMARTLETTILES_H
#define CMARTLETTILES_H

// Tile registers (AMX): what Swift cannot say. Eight registers of 16 rows of 64 bytes; one
// instruction multiplies 16 × 32 by 32 × 16 bfloat16 numbers and adds to 16 × 16 floats.
//
// Registers 0 to 3 hold sums, two rows of tiles by two columns; 4 and 5 the left operand, rows of 32
// neighbouring numbers; 6 and 7 the right one, row i the numbers 2i and 2i + 1 of each of 16 columns.
//
// `martlet_tiles` is the same in plain C, for the tests. Part of CMartletVectors.h.

typedef struct {
  float sums[4][16][16];
  uint16_t left[2][16][32];
  uint16_t right[2][16][32];
} martlet_tiles;

MARTLET_INLINE void martlet_plain_tiles_clear(martlet_tiles *_Nonnull tiles) {
  memset(tiles->sums, 0, sizeof tiles->sums);
}

MARTLET_INLINE void martlet_plain_tiles_load(
    uint16_t (*_Nonnull tile)[32], const void *_Nonnull source, long stride) {
  for (int row = 0; row < 16; row++)
    memcpy(tile[row], (const char *)source + row * stride, 64);
}

MARTLET_INLINE void martlet_plain_tiles_load_left(
    martlet_tiles *_Nonnull tiles, const void *_Nonnull first, const void *_Nonnull second,
    long stride) {
  martlet_plain_tiles_load(tiles->left[0], first, stride);
  martlet_plain_tiles_load(tiles->left[1], second, stride);
}

MARTLET_INLINE void martlet_plain_tiles_load_right(
    martlet_tiles *_Nonnull tiles, const void *_Nonnull first, const void *_Nonnull second,
    long stride) {
  martlet_plain_tiles_load(tiles->right[0], first, stride);
  martlet_plain_tiles_load(tiles->right[1], second, stride);
}

MARTLET_INLINE float martlet_brain(uint16_t value) {
  uint32_t bits = (uint32_t)value << 16;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

MARTLET_INLINE void martlet_plain_tiles_multiply(martlet_tiles *_Nonnull tiles) {
  for (int tile = 0; tile < 4; tile++)
    for (int row = 0; row < 16; row++)
      for (int k = 0; k < 32; k++) {
        const float left = martlet_brain(tiles->left[tile / 2][row][k]);
        for (int column = 0; column < 16; column++)
          tiles->sums[tile][row][column] +=
              left * martlet_brain(tiles->right[tile % 2][k / 2][2 * column + k % 2]);
      }
}

MARTLET_INLINE void martlet_plain_tiles_store(
    const martlet_tiles *_Nonnull tiles, float *_Nonnull target) {
  for (int tile = 0; tile < 4; tile++)
    for (int row = 0; row < 16; row++)
      memcpy(
          target + (tile / 2 * 16 + row) * 32 + tile % 2 * 16, tiles->sums[tile][row], 64);
}

#if defined(__AMX_BF16__)

// Palette 1: every register 16 rows of 64 bytes. Sums are not zero afterwards.
MARTLET_INLINE void martlet_tiles_configure(void) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } configuration = {.palette = 1};
  for (int tile = 0; tile < 8; tile++) {
    configuration.row_bytes[tile] = 64;
    configuration.rows[tile] = 16;
  }
  _tile_loadconfig(&configuration);
}

// Gives the registers back: the operating system then need not save 8 KB on every switch.
MARTLET_INLINE void martlet_tiles_release(void) { _tile_release(); }

MARTLET_INLINE void martlet_tiles_clear(void) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

MARTLET_INLINE void martlet_tiles_load_left(
    const void *_Nonnull first, const void *_Nonnull second, long stride) {
  _tile_loadd(4, first, stride);
  _tile_loadd(5, second, stride);
}

MARTLET_INLINE void martlet_tiles_load_right(
    const void *_Nonnull first, const void *_Nonnull second, long stride) {
  _tile_loadd(6, first, stride);
  _tile_loadd(7, second, stride);
}

MARTLET_INLINE void martlet_tiles_multiply(void) {
  _tile_dpbf16ps(0, 4, 6);
  _tile_dpbf16ps(1, 4, 7);
  _tile_dpbf16ps(2, 5, 6);
  _tile_dpbf16ps(3, 5, 7);
}

// 32 × 32 floats.
MARTLET_INLINE void martlet_tiles_store(float *_Nonnull target) {
  _tile_stored(0, target, 128);
  _tile_stored(1, target + 16, 128);
  _tile_stored(2, target + 16 * 32, 128);
  _tile_stored(3, target + 16 * 32 + 16, 128);
}

#endif

#endif
