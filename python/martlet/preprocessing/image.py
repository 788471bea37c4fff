"""Keras's second place for single images; see :mod:`martlet.utils`."""

from .._images import array_to_img as array_to_img
from .._images import img_to_array as img_to_array
from .._images import load_img as load_img
from .._images import save_img as save_img
