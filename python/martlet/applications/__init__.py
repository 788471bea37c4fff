"""Networks that have proved themselves, with the names, weights and numbers of Keras's.

A notebook that trains the last layer of a network that has seen ImageNet:

>>> from martlet import Model
>>> from martlet.applications import MobileNetV2
>>> from martlet.layers import Dense
>>> base = MobileNetV2((96, 96, 3), include_top=False, weights=None, pooling="avg")
>>> base.trainable = False
>>> model = Model(base.input, Dense(5, activation="softmax")(base.output))
>>> sum(weight.trainable for weight in model.weights)
2

With ``weights=None`` it has new weights, as here; with ``"imagenet"``, the default, those that
Keras has published.

Arguments that all networks take
--------------------------------
include_top
    Whether the network ends in the layers that tell classes; else in features, for layers of
    one's own.
weights
    ``None`` for new ones; ``"imagenet"``; or the path of a file of Keras or Martlet: ``.h5``,
    ``.weights.h5`` or ``.keras``. The published files are looked for in the folder that
    ``MARTLET_DATA_DIR`` names, in Martlet's cache and in Keras's, and else downloaded into
    Martlet's cache; without a network an error says which file to put where.
input_tensor
    A symbol to begin with, instead of an input of its own.
input_shape
    Of one image. None for the size that the network was made for; without a top height and width
    are left open then, ``(None, None, 3)``, and images may have any size.
pooling
    Without a top: ``"avg"`` or ``"max"`` for one number of each feature, None for images of
    features.
classes
    How many the top tells apart; 1000 with the weights of ImageNet.
classifier_activation
    Of the last layer: None for logits.
name
    Of the model.

They raise `ValueError` for arguments that contradict each other or images that are too small, and
`OSError` if the published weights cannot be had.

Pixels go through the `preprocess_input` of the network's module, predictions through its
`decode_predictions`. `LeNet5` and `UNet` are not in Keras.
"""

from . import densenet as densenet
from . import efficientnet as efficientnet
from . import imagenet_utils as imagenet_utils
from . import inception_v3 as inception_v3
from . import lenet as lenet
from . import mobilenet as mobilenet
from . import mobilenet_v2 as mobilenet_v2
from . import resnet as resnet
from . import resnet50 as resnet50
from . import resnet_v2 as resnet_v2
from . import unet as unet
from . import vgg16 as vgg16
from . import vgg19 as vgg19
from . import xception as xception
from .densenet import DenseNet121 as DenseNet121
from .densenet import DenseNet169 as DenseNet169
from .densenet import DenseNet201 as DenseNet201
from .efficientnet import EfficientNetB0 as EfficientNetB0
from .efficientnet import EfficientNetB1 as EfficientNetB1
from .efficientnet import EfficientNetB2 as EfficientNetB2
from .efficientnet import EfficientNetB3 as EfficientNetB3
from .efficientnet import EfficientNetB4 as EfficientNetB4
from .efficientnet import EfficientNetB5 as EfficientNetB5
from .efficientnet import EfficientNetB6 as EfficientNetB6
from .efficientnet import EfficientNetB7 as EfficientNetB7
from .inception_v3 import InceptionV3 as InceptionV3
from .lenet import LeNet5 as LeNet5
from .mobilenet import MobileNet as MobileNet
from .mobilenet_v2 import MobileNetV2 as MobileNetV2
from .resnet import ResNet50 as ResNet50
from .resnet import ResNet101 as ResNet101
from .resnet import ResNet152 as ResNet152
from .resnet_v2 import ResNet50V2 as ResNet50V2
from .resnet_v2 import ResNet101V2 as ResNet101V2
from .resnet_v2 import ResNet152V2 as ResNet152V2
from .unet import UNet as UNet
from .vgg16 import VGG16 as VGG16
from .vgg19 import VGG19 as VGG19
from .xception import Xception as Xception
