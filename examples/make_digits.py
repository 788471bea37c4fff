"""Writes handwritten digits as the files that MNIST comes in, for the programs in this folder.

    python examples/make_digits.py FOLDER

The digits are those that come with the package: 1,797 pictures of 8 by 8 points. Their 17 shades
become MNIST's 256, so that the programs take the one as well as the other.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np

from martlet.datasets import digits

SHADES = 16
UNSIGNED_BYTES = 8  # as the files say it


def write_idx(path: Path, values: np.ndarray) -> None:
    """Two zero bytes, the type, the number of axes; the extents, big-endian; the values."""
    head = struct.pack(f">2x2B{values.ndim}I", UNSIGNED_BYTES, values.ndim, *values.shape)
    path.write_bytes(head + values.tobytes())


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: make_digits.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in zip(["train", "test"], digits.load_data(), strict=True):
        stretched = images.astype(np.uint16) * 255 // SHADES
        write_idx(folder / f"{name}-images.idx3-ubyte", stretched.astype(np.uint8))
        write_idx(folder / f"{name}-labels.idx1-ubyte", labels)
        print(f"{folder}: {len(images)} pictures to {name} with")


if __name__ == "__main__":
    main()
