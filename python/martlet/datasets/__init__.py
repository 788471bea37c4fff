"""Data sets.

`digits` comes with the package. The others are looked for in the folder that ``MARTLET_DATA_DIR``
names, in Martlet's cache and in Keras's, and else downloaded into Martlet's cache.

>>> from martlet import datasets
>>> (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
>>> x_train.shape, x_test.shape
((1438, 8, 8), (359, 8, 8))
"""

from . import cifar10 as cifar10
from . import cifar100 as cifar100
from . import digits as digits
from . import fashion_mnist as fashion_mnist
from . import mnist as mnist
