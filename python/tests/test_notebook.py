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
