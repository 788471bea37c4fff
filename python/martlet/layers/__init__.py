"""Layers: the parts that models are made of."""

from ._activations import LeakyReLU as LeakyReLU
from ._activations import ReLU as ReLU
from ._activations import Softmax as Softmax
from ._convolution import Conv2D as Conv2D
from ._convolution import Convolution2D as Convolution2D
from ._core import Activation as Activation
from ._core import Dense as Dense
from ._core import Flatten as Flatten
from ._core import Reshape as Reshape
from ._input import Input as Input
from ._input import InputLayer as InputLayer
from ._layer import Layer as Layer
from ._merging import Add as Add
from ._merging import Concatenate as Concatenate
from ._merging import add as add
from ._merging import concatenate as concatenate
from ._normalization import BatchNormalization as BatchNormalization
from ._pooling import AveragePooling2D as AveragePooling2D
from ._pooling import AvgPool2D as AvgPool2D
from ._pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from ._pooling import GlobalAvgPool2D as GlobalAvgPool2D
from ._pooling import MaxPool2D as MaxPool2D
from ._pooling import MaxPooling2D as MaxPooling2D
from ._preprocessing import Rescaling as Rescaling
from ._regularization import Dropout as Dropout
