"""A step of training or evaluation takes no memory: what it needs was made with its plan."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or COMPILER is None,
    reason="counts the calls of glibc's malloc",
)

COUNTER = """
#include <stdatomic.h>
#include <stddef.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static atomic_long count;
long allocation_count(void) { return count; }
void *malloc(size_t size) { count++; return __libc_malloc(size); }
void *calloc(size_t n, size_t size) { count++; return __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { count++; return __libc_realloc(old, size); }
void *aligned_alloc(size_t step, size_t size) { count++; return __libc_memalign(step, size); }
int posix_memalign(void **out, size_t step, size_t size) {
  count++;
  *out = __libc_memalign(step, size);
  return *out == NULL ? 12 : 0;
}
"""

PROGRAM = textwrap.dedent(
    """
    import ctypes
    import sys
    import numpy as np
    import martlet
    from martlet import layers
    from martlet.optimizers import Nadam, schedules
    from martlet._native import Data, ffi, lib

    count = ctypes.CDLL(None).allocation_count
    count.restype = ctypes.c_long
    model = martlet.Sequential([
        martlet.Input((12, 12, 2)),
        layers.Conv2D(8, 3, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.LayerNormalization(),
        layers.UpSampling2D(interpolation="bilinear"),
        layers.GroupNormalization(groups=4),
        layers.Cropping2D(3),
        layers.Conv2D(4, 3, activation="relu"),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(300, activation="relu"),
        layers.Dense(5, activation="softmax"),
    ])
    optimizer = eval(sys.argv[1])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    handle = model._model_handle()
    options = ffi.new("martlet_epoch_options *")
    options.struct_size, options.batch_size = ffi.sizeof("martlet_epoch_options"), 32
    results = ffi.new("double[]", 2)

    def allocations(function, batches):
        data = Data([np.ones((32 * batches, 12, 12, 2), np.uint8)], [np.ones(32 * batches)])
        counts = []
        # The first call makes the plan, and the first one in which a busy machine lets another
        # thread in makes what that thread needs: the least count is that of steps alone.
        for _ in range(6):
            before = count()
            assert function(handle, data.pointer, options, results) == 0
            counts.append(count() - before)
        return min(counts)

    for function in (lib.martlet_model_train, lib.martlet_model_evaluate):
        few, many = allocations(function, 2), allocations(function, 12)
        assert few == many, (function, few, many)
    """
)


OPTIMIZERS = {
    "plain": "'adam'",
    "with everything": """Nadam(
        schedules.CosineDecay(0.01, 100), global_clipnorm=0.1, weight_decay=0.01, use_ema=True
    )""",
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_steps_do_not_allocate(optimizer: str, tmp_path: Path):
    source, library = tmp_path / "counter.c", tmp_path / "counter.so"
    source.write_text(COUNTER)
    subprocess.run([COMPILER, "-O1", "-shared", "-fPIC", source, "-o", library], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    subprocess.run([sys.executable, "-c", PROGRAM, optimizer], env=environment, check=True)
