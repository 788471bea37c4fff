"""Keras's second place for reading images; see :mod:`martlet.utils`."""

from .._dataset import image_dataset_from_directory as image_dataset_from_directory
from . import image as image
