"""The notebooks run from top to bottom."""

from __future__ import annotations

import sys

import pytest
from conftest import ROOT

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))


@pytest.mark.filterwarnings("ignore")  # of the notebook tools
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=300,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.create_kernel_manager()
    # This interpreter's kernel, whether or not it is registered.
    client.km.kernel_spec.argv[0] = sys.executable
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output.get("text")
    fits = [cell for cell in notebook.cells if "model.fit(x_train, y_train, epochs" in cell.source]
    assert fits
    for cell in fits:
        shown = [each for each in cell.outputs if each.output_type == "display_data"]
        # One display for each epoch, which holds its last state.
        assert len(shown) == 12
        assert shown[-1].data["text/plain"].startswith("45/45 ━━━━")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)


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
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable
    client.execute()
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
