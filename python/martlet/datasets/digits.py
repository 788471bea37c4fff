"""Handwritten digits of 8 by 8 pixels; they come with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ._files import Splits


def load_data() -> Splits:
    """The 1,797 digits of the UCI repository's test set, which scikit-learn also carries.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images as uint8 of shape ``(samples, 8, 8)``, with values from 0 (white) to 16 (black);
        labels as uint8 of shape ``(samples,)``. The order is the original one; of every five
        digits the first four are for training and the fifth is for testing, so there are 1,438
        and 359 of them.

    References
    ----------
    Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, doi:10.24432/C50P49 (CC BY 4.0).

    Examples
    --------
    >>> from martlet.datasets import digits
    >>> (x_train, y_train), (x_test, y_test) = digits.load_data()
    >>> int(y_train[0]), x_train.dtype, int(x_train.max())
    (0, dtype('uint8'), 16)
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    is_test = np.arange(len(labels)) % 5 == 4
    return (images[~is_test], labels[~is_test]), (images[is_test], labels[is_test])
