"""Pictures of data, filters, feature maps, decisions and training, drawn with matplotlib.

Every function returns a matplotlib figure: a notebook shows it, a program saves it with
``figure.savefig("name.png")``. Martlet does not need matplotlib otherwise; it comes with
``pip install "martlet[viz]"``.
"""

from ._data import confusion_matrix as confusion_matrix
from ._data import images as images
from ._decisions import class_activation as class_activation
from ._decisions import grad_cam as grad_cam
from ._layers import feature_maps as feature_maps
from ._layers import filters as filters
from ._training import history as history
