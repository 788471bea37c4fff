"""VGG19: VGG16 with a fourth convolution in each of the last three blocks."""

from __future__ import annotations

from ..layers._symbol import KerasTensor
from ._ends import Ends, network
from ._published import pair
from .imagenet_utils import decode_predictions as decode_predictions
from .vgg16 import preprocess_input as preprocess_input
from .vgg16 import vgg


@network(
    pair("vgg19", "vgg19", "cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6")
)
def VGG19(ends: Ends) -> KerasTensor:
    """VGG with 19 layers that have weights: 144 million parameters with the top.

    Images: 224 × 224 if nothing is said, at least 32 × 32, through :func:`preprocess_input`. The
    arguments are described in :mod:`martlet.applications`.

    References
    ----------
    Simonyan and Zisserman 2014, arXiv:1409.1556.
    """
    return vgg(ends, (2, 2, 4, 4, 4))
