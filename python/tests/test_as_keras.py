"""Programs that import Keras or TensorFlow's Keras, run on Martlet. Each in a fresh interpreter."""

from __future__ import annotations

import pytest
from test_import import run

INSTALL = "import martlet; martlet.install_as_keras()\n"


def works(code: str) -> None:
    result = run(INSTALL + code)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


@pytest.mark.parametrize(
    "code",
    [
        "import keras; assert keras is martlet",
        "import keras.layers as layers; assert layers is martlet.layers",
        "from keras import layers, models; assert models is martlet.models",
        "from keras.layers import Dense; assert Dense is martlet.layers.Dense",
        "from keras.datasets import mnist; assert mnist is martlet.datasets.mnist",
        "import keras.datasets.mnist as mnist; assert mnist is martlet.datasets.mnist",
        "from tensorflow.keras.applications.vgg16 import VGG16, preprocess_input\n"
        "assert VGG16 is martlet.applications.VGG16",
        "import tensorflow as tf; assert tf.keras.Sequential is martlet.Sequential",
        "import tensorflow.keras as keras; assert keras is martlet",
        "from tensorflow import keras; assert keras is martlet",
        "from tensorflow.keras import layers; assert layers is martlet.layers",
        "from tensorflow.keras.layers import Dense; assert Dense is martlet.layers.Dense",
        "import tensorflow as tf; assert tf.__version__ == martlet.__version__",
        "from tensorflow.keras.utils import to_categorical; to_categorical([1])",
        "from keras.saving import load_model, register_keras_serializable",
        "from tensorflow.keras.preprocessing.image import load_img, img_to_array",
        "from tensorflow.keras.preprocessing import image_dataset_from_directory",
        "from tensorflow.keras.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau",
        "from tensorflow.keras.optimizers.schedules import ExponentialDecay",
        "from keras.initializers import he_normal as a; assert a is martlet.initializers.HeNormal",
        "from tensorflow.keras.losses import mse; assert mse is martlet.losses.mean_squared_error",
        "from keras.metrics import binary_crossentropy as a; assert a is "
        "martlet.losses.binary_crossentropy",
        "from tensorflow.keras.regularizers import l2; assert l2 is martlet.regularizers.L2",
        "from keras import Initializer, Loss, Metric, Optimizer, Regularizer",
    ],
)
def test_every_way_to_import_gives_martlet(code):
    works(code)


@pytest.mark.parametrize(
    "name",
    [
        "activations",
        "applications",
        "backend",
        "callbacks",
        "config",
        "datasets",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "models",
        "optimizers",
        "utils",
    ],
)
def test_modules_are_there_as_modules_and_attributes(name):
    works(
        f"import martlet.{name}, keras.{name}, importlib\n"
        f"assert keras.{name} is importlib.import_module('tensorflow.keras.{name}')\n"
        f"assert keras.{name} is martlet.{name} and keras.{name}.__name__ == 'martlet.{name}'"
    )


def test_modules_keep_their_own_identity():
    # A module that took the alias's spec would warn at its next relative import.
    works(
        "import keras.layers, tensorflow.keras.datasets\n"
        "assert martlet.__spec__.name == 'martlet'\n"
        "assert martlet.layers.__spec__.name == 'martlet.layers'\n"
        "import sys\n"
        "copies = [name for name, each in sys.modules.items()\n"
        "          if each is not None and '_native.py' in (getattr(each, '__file__', '') or '')]\n"
        "assert copies == ['martlet._native'], copies"
    )


def test_a_notebook_runs():
    works(
        "import numpy as np\n"
        "from tensorflow.keras.models import Sequential\n"
        "from tensorflow.keras.layers import Dense, Input\n"
        "model = Sequential([Input((2,)), Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "assert model.fit(np.ones((4, 2)), np.ones(4), verbose=0).epoch == [0]"
    )


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import tensorflow as tf; tf.constant(1)", "AttributeError: 'tensorflow' is Martlet's"),
        ("import tensorflow.data", "which has keras only, not 'data'"),
        ("from tensorflow import data", "which has keras only, not 'data'"),
        ("import tensorflow.python.keras", "which has keras only, not 'python'"),
        (
            "import keras.nothing",
            "ModuleNotFoundError: No module named 'keras.nothing': keras is Martlet here "
            "(martlet.install_as_keras), which has no 'martlet.nothing'",
        ),
        ("from keras import nothing", "cannot import name 'nothing' from 'martlet'"),
    ],
)
def test_what_is_not_there_says_so(code, error):
    result = run(INSTALL + code)
    assert result.returncode == 1
    assert error in result.stderr


@pytest.mark.parametrize("name", ["keras", "tensorflow"])
def test_what_is_loaded_already_is_not_replaced(name):
    result = run(
        "import sys, types\n"
        f"real = types.ModuleType('{name}'); real.__file__ = 'real.py'\n"
        f"sys.modules['{name}'] = real\n" + INSTALL
    )
    assert result.returncode == 1
    assert (
        f"RuntimeError: install_as_keras: '{name}' is imported already, from real.py; call "
        "martlet.install_as_keras() before anything imports it, in a fresh process"
    ) in result.stderr


def test_installing_twice_is_installing_once():
    works(
        "import sys, keras; before = list(sys.meta_path)\n"
        "martlet.install_as_keras()\n"
        "assert sys.meta_path == before\n"
        "martlet.uninstall_as_keras()\n"
        "assert len(sys.meta_path) == len(before) - 1"
    )


def test_uninstalling_takes_it_back():
    works(
        "import sys, keras.layers, tensorflow.keras.models\n"
        "martlet.uninstall_as_keras()\n"
        "assert not {'keras', 'tensorflow'} & {each.split('.')[0] for each in sys.modules}\n"
        "assert martlet.layers.Dense(2).name == 'dense'\n"
        "martlet.uninstall_as_keras()\n"
        "martlet.install_as_keras()\n"
        "import keras\n"
        "assert keras is martlet"
    )


def test_the_real_keras_can_be_imported_afterwards():
    pytest.importorskip("keras")
    works(
        "import keras; martlet.uninstall_as_keras()\n"
        "import warnings; warnings.simplefilter('ignore')\n"
        "import keras; assert keras is not martlet and keras.layers is not martlet.layers"
    )
