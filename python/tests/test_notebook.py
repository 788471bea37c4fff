"""The notebooks run from top to bottom."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest
from conftest import ROOT

import martlet

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
#: Files and folders that do not come with the package; `data_folder` may have them.
DATA = {
    "04_cnn_against_ann": "mnist.npz",
    "06_overfitting": "mnist.npz",
    "07_smile_detector": "smiles.npz",
    "08_what_the_network_sees": "fashion_mnist.npz",
    "09_transfer_learning": "images_by_class",
}


def run(notebook, folder):
    """Executes the notebook in a folder, in this interpreter's kernel, registered or not."""
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(folder)}}
    )
    client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable
    client.execute()
    return notebook


def texts(notebook) -> str:
    """All that the cells have printed or shown as text."""
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    return "\n".join(
        each.text if each.output_type == "stream" else shown_text(each.data) for each in outputs
    )


def shown_text(data) -> str:
    return data.get("text/markdown") or data.get("text/plain", "")


def row(text: str, start: str) -> list[float]:
    """The numbers in the first line that begins so."""
    line = next(line for line in text.splitlines() if line.strip().startswith(start))
    found = re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", line.strip().removeprefix(start))
    return [float(each.replace(",", "")) for each in found]


def pictures(notebook) -> int:
    return sum(
        "image/png" in each.get("data", {})
        for cell in notebook["cells"]
        for each in cell.get("outputs", [])
    )


def check_quickstart(notebook):
    fits = [cell for cell in notebook.cells if "model.fit(x_train, y_train, epochs" in cell.source]
    assert fits
    for cell in fits:
        shown = [each for each in cell.outputs if each.output_type == "display_data"]
        # One display for each epoch, which holds its last state.
        assert len(shown) == 12
        assert shown[-1].data["text/plain"].startswith("45/45 ━━━━")


def check_sizes_and_filters(notebook):
    shown = texts(notebook)
    assert "⌊(28 − 3) / 1⌋ + 1 = 26" in shown
    assert " 224       7       2  same         112" in shown
    assert "Parameters of all layers: 34,826" in shown
    assert "does not fit into an input of shape (None, 2, 2, 8)" in shown
    assert pictures(notebook) == 6


def check_activations(notebook):
    shown = texts(notebook)
    # Saturated: 0.25 is the greatest slope of a sigmoid, and far out there is next to none.
    assert row(shown, "sigmoid") == [0.25, 0.0065, 0.0065]
    assert row(shown, "relu") == [1, 1, 0]
    assert pictures(notebook) == 4


def check_optimizers(notebook):
    shown = texts(notebook)
    for name in ("RMSprop", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "Lion", "Ftrl"):
        assert row(shown, f"{name} ")[-1] < 0.3, name
    assert pictures(notebook) == 4


def check_cnn_against_ann(notebook):
    ann, cnn = (row(texts(notebook), f"| {name} |") for name in ("ANN", "CNN"))
    assert (ann[0], cnn[0]) == (101770, 12810)
    assert ann[3] < cnn[3]
    assert pictures(notebook) == 4


def check_callbacks(notebook):
    shown = texts(notebook)
    assert row(shown, "epochs of the second part:") == [4, 5, 6]
    assert row(shown, "epochs after that:") == [4, 5, 6]
    assert "did you mean 'val_accuracy'?" in shown
    assert pictures(notebook) == 3


def check_overfitting(notebook):
    shown = texts(notebook)
    assert row(shown, "| nothing done |")[1] == 100
    assert row(shown, "| augmentation |")[2] > row(shown, "| nothing done |")[2]
    assert pictures(notebook) == 6


def check_smile_detector(notebook):
    accuracy, always_serious = row(texts(notebook), "accuracy")
    assert accuracy > always_serious == 72
    assert pictures(notebook) == 7


def check_what_the_network_sees(notebook):
    assert row(texts(notebook), "trousers")[0] > row(texts(notebook), "shirt")[0]
    assert pictures(notebook) == 10


def check_transfer_learning(notebook):
    shown = texts(notebook)
    assert row(shown, "learned by the head alone:") == [325]
    tuned, scratch = (row(shown, f"| {name} |")[0] for name in ("fine-tuned", "from scratch"))
    assert tuned > scratch + 5
    assert row(shown, "| features of hands |")[0] > row(shown, "| guessing |")[0] == 10
    assert pictures(notebook) == 4


#: What must be true of each notebook's outputs, besides the promises that it asserts itself.
CHECKS = {
    "01_sizes_and_filters": check_sizes_and_filters,
    "02_activations": check_activations,
    "03_optimizers": check_optimizers,
    "04_cnn_against_ann": check_cnn_against_ann,
    "05_callbacks": check_callbacks,
    "06_overfitting": check_overfitting,
    "07_smile_detector": check_smile_detector,
    "08_what_the_network_sees": check_what_the_network_sees,
    "09_transfer_learning": check_transfer_learning,
    "quickstart": check_quickstart,
}


@pytest.mark.filterwarnings("ignore")  # of the notebook tools
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, tmp_path, request, monkeypatch):
    if path.stem in DATA:
        folder = request.getfixturevalue("data_folder")
        if not (folder / DATA[path.stem]).exists():
            pytest.skip(f"no ../shared/data/{DATA[path.stem]}")
        monkeypatch.setenv("MARTLET_DATA_DIR", str(folder))
    notebook = run(nbformat.read(path, as_version=4), tmp_path)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output.get("text")
    CHECKS[path.stem](notebook)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert all(cell.get("execution_count") is None for cell in notebook.cells)
    nbformat.validate(notebook)
    # One form, so that a change of a cell is a change of its lines alone.
    text = path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


CELLS = {
    "last line": "viz.images(np.zeros((2, 4, 4)))",
    "another line": "viz.images(np.zeros((2, 4, 4)))\nNone",
    "kept": "figure = viz.images(np.zeros((2, 4, 4)))",
    "twice": "figure",
    "summary": "model.summary()",
    "history": "model.fit(np.ones((4, 2)), np.ones(4), verbose=0)",
    "drawing": "martlet.utils.plot_model(model, to_file=None)",
    "explain": "model.layers[0].explain()",
}


@pytest.mark.filterwarnings("ignore")  # of the notebook tools
def test_what_a_cell_shows(tmp_path):
    pytest.importorskip("matplotlib")
    start = (
        "%matplotlib inline\nimport martlet, numpy as np\nfrom martlet import viz\n"
        "model = martlet.Sequential([martlet.Input((2,)), martlet.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')"
    )
    cells = [nbformat.v4.new_code_cell(source) for source in (start, *CELLS.values())]
    notebook = run(nbformat.v4.new_notebook(cells=cells), tmp_path)
    outputs = dict(zip(CELLS, (cell.outputs for cell in notebook.cells[1:]), strict=True))
    kinds = {name: [set(each.get("data", {})) for each in shown] for name, shown in outputs.items()}
    for name in ("last line", "another line", "kept", "twice"):
        assert ["image/png" in kind for kind in kinds[name]] == [True], name
    for name, format in [
        ("summary", "text/html"),
        ("history", "text/html"),
        ("drawing", "image/svg+xml"),
    ]:
        assert kinds[name] == [{format, "text/plain"}], name
    assert "<table><caption>Model: " in outputs["summary"][0].data["text/html"]
    assert outputs["summary"][0].data["text/plain"].startswith('Model: "sequential"\n┏━')
    assert outputs["explain"][0].data["text/plain"].startswith("dense (Dense): (2,) → (1,)\n")


@pytest.mark.filterwarnings("ignore")  # of the notebook tools
def test_plots_are_shown_after_a_picture(tmp_path):
    # Pictures must not take back what the first figure sets up in a notebook.
    pytest.importorskip("matplotlib")
    cells = [
        nbformat.v4.new_code_cell(source)
        for source in (
            "import matplotlib.pyplot as plt, numpy as np\nfrom martlet import viz\n"
            "viz.images(np.zeros((2, 4, 4)))",
            "plt.plot([1, 2]);",
        )
    ]
    notebook = run(nbformat.v4.new_notebook(cells=cells), tmp_path)
    assert [pictures({"cells": [cell]}) for cell in notebook.cells] == [1, 1]


# As many courses write it, and nothing in it knows of Martlet.
COURSE = [
    """\
import numpy as np
import matplotlib.pyplot as plt
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras.callbacks import EarlyStopping, ModelCheckpoint
from tensorflow.keras.datasets import mnist
from tensorflow.keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from tensorflow.keras.models import Sequential, load_model
from tensorflow.keras.utils import to_categorical

tf.keras.utils.set_random_seed(1)""",
    """\
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255
y_train, y_test = to_categorical(y_train, 10), to_categorical(y_test, 10)
x_train.shape, y_train.shape""",
    """\
model = Sequential()
model.add(Conv2D(8, kernel_size=(3, 3), activation="relu", input_shape=(28, 28, 1)))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Conv2D(16, (3, 3), activation="relu"))
model.add(MaxPooling2D((2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(64, activation="relu"))
model.add(Dense(10, activation="softmax"))
model.summary()""",
    """\
model.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(0.005), metrics=["accuracy"]
)
callbacks = [
    EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True),
    ModelCheckpoint("best.keras", monitor="val_accuracy", save_best_only=True),
]
history = model.fit(
    x_train, y_train, batch_size=32, epochs=6, validation_split=0.2, callbacks=callbacks
)""",
    """\
plt.plot(history.history["accuracy"], label="accuracy")
plt.plot(history.history["val_accuracy"], label="val_accuracy")
plt.legend();""",
    """\
score = load_model("best.keras").evaluate(x_test, y_test, verbose=0)
print("Test accuracy:", score[1])
answers = np.argmax(model.predict(x_test, verbose=0), axis=1)
print("Right:", (answers == np.argmax(y_test, axis=1)).sum(), "of", len(answers))""",
]


@pytest.mark.filterwarnings("ignore")  # of the notebook tools
def test_a_notebook_written_for_keras_runs_unchanged(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    # The digits of the package in the place and form of MNIST.
    parts = zip(("train", "test"), martlet.datasets.digits.load_data(), strict=True)
    arrays = {}
    for name, (x, y) in parts:
        large = x.repeat(3, axis=1).repeat(3, axis=2) * np.uint8(15)
        arrays |= {f"x_{name}": np.pad(large, ((0, 0), (2, 2), (2, 2))), f"y_{name}": y}
    np.savez(tmp_path / "mnist.npz", **arrays)
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path))
    sources = ["import martlet; martlet.install_as_keras()", *COURSE]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = run(nbformat.v4.new_notebook(cells=cells), tmp_path)
    shown = texts(notebook)
    assert "((1438, 28, 28, 1), (1438, 10))" in shown
    assert row(shown, "Test accuracy:")[0] > 0.9
    right, count = row(shown, "Right:")
    assert right > 0.9 * count == 0.9 * 359
    assert pictures(notebook) == 1
