"""The benchmark harness: what it counts, converts, decides and writes; and a run without peers."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import chart
import compare
import comparison
import convolutions
import installed
import layouts
import machine
import networks
import report
import verification
from libraries import LIBRARIES, contestants
from networks import NETWORKS, Convolution, trace
from processes import Worker, WorkerError
from sides.keras_like import Martlet

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the harness reads /proc")

# ---- Networks -----------------------------------------------------------------------------------


def test_flops_by_hand():
    mlp = 2 * (784 * 64 + 64 * 128 + 128 * 10)
    assert networks.flops(NETWORKS["mlp"], "predict") == mlp
    assert networks.flops(NETWORKS["mlp"], "fit") == 3 * mlp - 2 * 784 * 64
    cnn = 26 * 26 * 32 * 9, 11 * 11 * 64 * 9 * 32, 5 * 5 * 64 * 128, 128 * 10
    assert networks.forward_flops(NETWORKS["cnn_seq"]) == [2 * each for each in cnn]
    vgg = [32 * 32 * 9 * each for each in (3 * 64, 64 * 64)]
    vgg += [16 * 16 * 9 * each for each in (64 * 128, 128 * 128)]
    vgg += [8 * 8 * 9 * each for each in (128 * 256, 256 * 256)]
    vgg += [4 * 4 * 256 * 256, 256 * 10]
    assert networks.forward_flops(NETWORKS["vgg_small"]) == [2 * each for each in vgg]


def test_flops_of_a_residual_network():
    stem = 32 * 32 * 9 * 3 * 16
    # A convolution within a stage: half the extent with twice the channels is the same count.
    inner = 32 * 32 * 9 * 16 * 16
    # The first of a stage has half of the input channels, its projection a ninth of that.
    first, projection = inner // 2, inner // 18
    whole = stem + 16 * inner + 2 * (first + projection) + 64 * 10
    assert networks.flops(NETWORKS["resnet20"], "one") == 2 * whole


@pytest.mark.parametrize(
    ("name", "published"),
    # Multiply-adds with 1000 classes: He et al. 2016, table 1; Sandler et al. 2018, table 4.
    [("resnet50", 3.8e9), ("mobilenet_v2", 300e6)],
)
def test_operations_of_the_large_networks_are_those_of_their_papers(name, published):
    assert networks.flops(NETWORKS[name], "predict") / 2 == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_and_weights_are_those_of_the_network_built(name):
    side = Martlet(1, "float32")
    side.build(NETWORKS[name], None)
    shapes = {layer.name: layer.output.shape[1:] for layer in side.model.layers}
    weights = side.weights()
    counts = []
    for step in trace(NETWORKS[name].layers, NETWORKS[name].shape):
        assert shapes.get(step.name, step.output) == step.output, step.name
        if f"{step.name}/kernel" in weights:
            places = int(np.prod(step.output[:-1]))
            counts.append(2 * places * weights[f"{step.name}/kernel"].size)
    assert counts == networks.forward_flops(NETWORKS[name])


@pytest.mark.parametrize(
    ("layer", "extent", "expected"),
    [
        (Convolution(1, 3), 28, (0, 0)),
        (Convolution(1, 3, "same"), 28, (1, 1)),
        (Convolution(1, 4, "same"), 28, (1, 2)),
        (Convolution(1, 3, "same", stride=2), 32, (0, 1)),
        (Convolution(1, 3, "same", stride=2), 33, (1, 1)),
        (Convolution(1, 1, "same", stride=2), 32, (0, 0)),
    ],
)
def test_padding(layer, extent, expected):
    assert networks.padding(layer, extent) == expected


def test_data_is_the_same_for_everybody():
    (x, y), (again, labels) = (NETWORKS["mlp"].data(100) for _ in range(2))
    assert (x.shape, x.dtype, y.dtype) == ((100, 28, 28, 1), np.float32, np.int32)
    assert (x == again).all()
    assert (y == labels).all()
    assert 0 <= x.min() < x.max() <= 1
    assert set(y) == set(range(10))


# ---- Weights ------------------------------------------------------------------------------------


def test_dense_kernels_follow_flattened_images():
    network = NETWORKS["cnn_seq"]
    side = Martlet(1, "float32")
    side.build(network, None)
    weights = side.weights()
    converted = layouts.channels_first(network, weights)
    image = np.random.default_rng(0).random((5, 5, 64), np.float32)
    ours = image.ravel() @ weights["dense5/kernel"]
    theirs = converted["dense5/kernel"] @ image.transpose(2, 0, 1).ravel()
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)
    assert (converted["dense6/kernel"] == weights["dense6/kernel"].T).all()
    kernel = weights["convolution2/kernel"]
    assert converted["convolution2/kernel"].shape == (64, 32, 3, 3)
    assert converted["convolution2/kernel"][7, 5, 2, 1] == kernel[2, 1, 5, 7]
    assert (converted["convolution2/bias"] == weights["convolution2/bias"]).all()


def test_images_channels_first():
    x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    converted = layouts.images_channels_first(x)
    assert converted.flags["C_CONTIGUOUS"]
    assert converted[1, 4, 2, 3] == x[1, 2, 3, 4]


def test_weights_that_are_all_the_same_get_noise():
    kernel = np.arange(4, dtype=np.float32)
    given = {"a/kernel": kernel, "a/bias": np.zeros(3, np.float32), "b/gamma": np.ones(3)}
    made = layouts.unlike(given)
    assert (made["a/kernel"] == kernel).all()
    assert np.ptp(made["a/bias"]) > 0
    assert abs(made["b/gamma"] - 1).max() < 0.2
    assert (made["b/gamma"] - 1 != made["a/bias"]).all()
    assert (given["a/bias"] == 0).all()


# ---- Verification -------------------------------------------------------------------------------

ROWS = np.array([[0.25, 0.75], [0.5, 0.5]])
REFERENCE = {"probabilities": ROWS.tolist(), "losses": [2.0, 1.9, 1.8]}


def answer(off=0.0, losses=(2.0, 1.9, 1.8), rounds=True):
    return {"probabilities": (ROWS + off).tolist(), "losses": list(losses), "rounds": rounds}


def test_sides_that_agree():
    agree = verification.disagreement
    assert agree("float32", answer(1e-5, [2.0, 1.9002, 1.8]), REFERENCE) is None
    assert agree("float32", answer(losses=[]), REFERENCE) is None
    assert agree("bfloat16", answer(0.01, [2.01, 1.9, 1.81]), REFERENCE) is None
    assert agree("bfloat16", answer(rounds=False), REFERENCE) is None


@pytest.mark.parametrize(
    ("precision", "given", "message"),
    [
        ("float32", answer(1e-3), "off by 1.3e-03 of the largest, expected 1e-04 at most"),
        ("float32", answer(np.nan), "off by nan of the largest"),
        ("bfloat16", answer(1e-7), "probabilities are those of float32 (off by 1.3e-07): not bf"),
        (
            "float32",
            answer(losses=[2.0, 1.9, 1.81]),
            "losses are 2.0000, 1.9000, 1.8100, expected 2.0000, 1.9000, 1.8000: off by 5.0e-02",
        ),
        ("bfloat16", answer(1e-3, [2.0, 2.0, 2.0]), "off by 1.0e+00 of their fall, expected 2e-01"),
        ("float32", answer(losses=[2.0, np.nan, 1.8]), "off by nan of their fall"),
        ("float32", {"probabilities": [[1.0]], "losses": []}, "shape (1, 1), expected (2, 2)"),
    ],
)
def test_sides_that_disagree(precision, given, message):
    assert message in verification.disagreement(precision, given, REFERENCE)


def test_contestants():
    peers = ["keras-tf", "onnxruntime", "openvino"]
    assert contestants("float32", ["float32", "high"], peers) == [
        ("martlet", "float32"),
        ("martlet", "high"),
        ("keras-tf", "float32"),
        ("onnxruntime", "float32"),
        ("openvino", "float32"),
    ]
    assert contestants("bfloat16", ["bfloat16"], peers) == [
        ("martlet", "bfloat16"),
        ("keras-tf", "bfloat16"),
        ("openvino", "bfloat16"),
    ]


# ---- Machine ------------------------------------------------------------------------------------


def test_processors_share_cores_last():
    siblings = {cpu: frozenset({cpu % 4, cpu % 4 + 4}) for cpu in range(8)}
    assert machine.one_per_core([0, 1, 2, 3, 4, 5], siblings) == [0, 1, 2, 3, 4, 5]
    siblings = {cpu: frozenset({cpu & ~1, cpu | 1}) for cpu in range(6)}
    assert machine.one_per_core([1, 2, 3, 4, 5], siblings) == [1, 2, 4, 3, 5]
    assert machine.numbers("0-2,8\n") == {0, 1, 2, 8}
    assert machine.numbers("5") == {5}


def test_more_threads_than_processors_are_refused():
    with pytest.raises(ValueError, match="--threads 100000: this process may use .* ask for fewer"):
        machine.processors(100_000)


def test_processor_names():
    text = (
        "model name\t: A  Processor\nflags\t\t: fpu hypervisor avx\n\nmodel name\t: A Processor\n"
    )
    assert machine.processor_name(text + "flags\t: fpu hypervisor\n") == "A Processor, virtual"
    assert machine.processor_name("model name: B\nflags: fpu\n") == "B"
    assert machine.processor_name("") == "unknown processor"


def test_busy_time():
    ticks = os.sysconf("SC_CLK_TCK")
    stat = f"cpu  {ticks} 0 {2 * ticks} 900 800 0 0 {ticks} 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
    assert machine.busy_seconds(stat) == 4.0
    assert 0 <= machine.busy_while_asleep(0.05) < 10_000


def test_peaks(tmp_path):
    found = machine.peaks(machine.processors(1), tmp_path)
    assert set(found) <= set(report.PEAK_LABELS)
    assert all(value > 0.1 for value in found.values())


def test_peaks_without_a_compiler(tmp_path, monkeypatch):
    broken = tmp_path / "broken.c"
    broken.write_text("not C\n")
    monkeypatch.setattr(machine, "PEAK_SOURCE", broken)
    with pytest.raises(RuntimeError, match="failed: .*broken.c"):
        machine.peaks(machine.processors(1), tmp_path)
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match=r"no C compiler \(cc, gcc or clang\)"):
        machine.peaks(machine.processors(1), tmp_path)


# ---- Installed packages -------------------------------------------------------------------------


def install(folder, name, requires, size):
    """A package as an installer leaves it."""
    information = folder / f"{name}-1.5.dist-info"
    information.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.5"]
    lines += [f"Requires-Dist: {each}" for each in requires]
    (information / "METADATA").write_text("\n".join(lines) + "\n")
    (folder / f"{name}.py").write_bytes(b"#" * size)
    (folder / f"{name}.pyc").write_bytes(b"#" * 1000)
    (information / "RECORD").write_text(f"{name}.py,,\n{name}.pyc,,\n{name}.gone,,\n")


def test_installed_size(tmp_path, monkeypatch):
    install(tmp_path, "quill_a", ["quill-b>=1; python_version > '3'", "numpy", "absent"], 100)
    install(tmp_path, "quill_b", ["quill.a", "quill_c; extra == 'more'"], 20)
    install(tmp_path, "quill_c", [], 3)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert installed.size(["quill_a"]) == 120
    assert installed.size(["quill_a", "quill_c"]) == 123
    assert installed.versions(["quill_b"]) == {"quill_b": "1.5"}


def test_installed_size_of_a_checkout(tmp_path, monkeypatch):
    package = tmp_path / "quill_d"
    package.mkdir()
    (package / "__init__.py").write_text("__version__ = '0.7'")
    (package / "data.bin").write_bytes(b"1234")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert installed.size(["quill_d"]) == len("__version__ = '0.7'") + 4
    assert installed.versions(["quill_d"]) == {"quill_d": "0.7"}


# ---- Report -------------------------------------------------------------------------------------


def turns(library, precision, rates, mode="fit", network="mlp"):
    where = {"network": network, "mode": mode, "library": library, "precision": precision}
    return [
        {**where, "turn": turn, "samples": 2.0 * rate, "seconds": 2.0}
        for turn, rate in rates.items()
    ]


@pytest.fixture
def results():
    """Two networks trained, of which the second went wrong for many."""
    remark = {"network": None, "precision": "bfloat16", "library": "martlet"}
    return {
        "machine": {
            "processor": "A Processor",
            "threads": 2,
            "date": "2026-01-02",
            "peaks": {"fma": 0.1, "bf16_tiles": 1.0},
            "others": 0.04,
        },
        "options": {
            "networks": ["mlp", "cnn_seq"],
            "modes": ["fit", "costs"],
            "precisions": ["float32", "bfloat16"],
            "peers": ["keras-tf", "torch"],
            "turns": 3,
            "seconds": 2.0,
        },
        "versions": {"martlet": {"martlet": "0.1"}, "torch": {"torch": "2.0"}},
        "turns": turns("martlet", "float32", {0: 100, 1: 300, 2: 120})
        + turns("torch", "float32", {0: 50, 1: 100, 2: 60})
        + turns("keras-tf", "float32", {0: 10, 1: 1000, 2: 20})
        + turns("torch", "bfloat16", {0: 70, 1: 70, 2: 70}),
        "remarks": [
            {**remark, "kind": "unsupported", "message": "no such policy"},
            {**remark, "network": "cnn_seq", "precision": "float32", "library": "torch"}
            | {"kind": "disagrees", "message": "losses are off"},
        ],
        "imports": [{"library": "martlet", "seconds": each, "bytes": 2**20} for each in (1, 2, 9)],
        "sizes": {"martlet": 3 * 2**20, "torch": 700 * 2**20},
        "starts": [
            {"network": "mlp", "library": "martlet", "first_seconds": 0.5}
            | {"import_bytes": 30 * 2**20, "peak_bytes": 80 * 2**20, "data_bytes": 38 * 2**20}
        ],
        "scaling": [
            {"network": "mlp", "threads": threads, "turn": turn, "samples": rate, "seconds": 1.0}
            for threads, rates in ((1, (10, 20)), (2, (18, 30)))
            for turn, rate in enumerate(rates)
        ],
        "growth": [
            {"network": "mlp", "rounds": 200, "before_bytes": 2**20, "after_bytes": 2**20 + 2**19}
        ],
    }


def test_ratios_are_taken_turn_by_turn(results):
    found = report.row(results, "mlp", "fit", "float32")
    assert found.ours == (120, 100, 300)
    assert found.best == "torch"  # by the median, not by the fastest turn
    assert found.ratio == (2.0, 2.0, 3.0)
    assert found.gflops == pytest.approx(120e-9 * networks.flops(NETWORKS["mlp"], "fit"))
    assert found.shares == {"fma": pytest.approx(found.gflops / 0.1)}


def test_a_turn_counts_where_both_were_there():
    assert report.by_turn({0: 8.0, 2: 9.0}, {0: 2.0, 1: 1.0, 2: 3.0}) == [4.0, 3.0]


def test_a_side_left_out_has_no_ratio(results):
    found = report.row(results, "mlp", "fit", "bfloat16")
    assert (found.ours, found.ratio, found.gflops, found.shares) == (None, None, None, {})
    assert found.best == "torch"
    assert report.row(results, "cnn_seq", "fit", "float32").best is None


def test_products_in_parts_are_compared_with_float32(results):
    results["turns"] += turns("martlet", "high", {0: 500, 1: 500, 2: 600})
    found = report.row(results, "mlp", "fit", "high")
    assert found.ratio == (10.0, 5.0, 10.0)
    assert set(found.shares) == {"fma", "bf16_tiles"}


def test_tables(results):
    assert report.summary_table(results).splitlines() == [
        "|  | mlp | cnn_seq |",
        "| --- | ---: | ---: |",
        "| Training, float32 | 2.00 | - |",
        "| Training, bfloat16 | not supported | not supported |",
    ]
    lines = report.rate_table(results, "fit", "float32").splitlines()
    assert lines[0] == (
        "|  | Martlet | Keras on TensorFlow | PyTorch | Martlet / best | GFLOP/s | "
        "of multiply-add peak |"
    )
    assert lines[2] == (
        "| mlp | 120 (100 to 300) | 20 (10 to 1,000) | **60 (50 to 100)** | 2.00 (2.00 to 3.00) | "
        "0 | 31% |"
    )
    assert lines[3] == "| cnn_seq | - | - | disagrees | - | - | - |"
    assert report.cost_table(results, "mlp").splitlines()[2:] == [
        "| Martlet | 3 | 2.000 | 0.50 | 30 | 80 |",
        "| PyTorch | 700 | - | - | - | - |",
    ]
    assert report.scaling_table(results).splitlines()[2:] == ["| mlp | 1.65 | 1.50 to 1.80 |"]
    assert report.growth_table(results).splitlines()[2:] == ["| mlp | 200 | 1.0 | 1.5 |"]


def test_texts(results):
    page = report.full_text(results, "chart.svg")
    for part in (
        "A Processor, 2 threads (multiply-add peak 0 GFLOP/s, tile peak 1 GFLOP/s)",
        "kept 0.0 processors busy; medians of 3 turns of 2 s",
        "martlet 0.1, torch 2.0.",
        "](chart.svg)",
        "## Training, bfloat16",
        "### mlp, 38 MB of data",
        "- PyTorch (cnn_seq, float32) disagrees: losses are off",
        "- Martlet (bfloat16) not supported: no such policy",
    ):
        assert part in page
    assert "](" not in report.full_text(results, None)
    assert report.summary_table(results) in report.readme_text(results)


def test_text_between_markers():
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    made = report.between_markers(text, "new")
    assert made == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    for wrong in ("", report.BEGIN, f"{report.END}{report.BEGIN}", text + text):
        with pytest.raises(ValueError, match="expected one <!-- benchmarks: begin --> and one"):
            report.between_markers(wrong, "new")


def test_the_readme_has_the_markers():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "new" in report.between_markers(text, "new")


def test_chart(results, tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("a.svg", "b.svg"):
        assert chart.draw(results, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    results["turns"] = []
    chart.draw(results, tmp_path / "empty.svg")
    results["options"]["modes"] = ["costs"]
    assert not chart.draw(results, tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()


# ---- Workers ------------------------------------------------------------------------------------


@pytest.fixture
def worker():
    """Martlet in a process of its own."""
    with Worker("martlet", sys.executable, "float32", machine.processors(1)) as made:
        yield made


def test_workers_answer(worker, tmp_path):
    assert worker.report["versions"]["martlet"] == installed.versions(["martlet"])["martlet"]
    assert worker.report["import_seconds"] > 0
    path = str(tmp_path / "weights.npz")
    worker.ask("weights", network="mlp", path=path)
    given = {"network": "mlp", "weights": path}
    reference = worker.ask("check", **given, trains=True)
    assert np.ptp(reference["losses"]) > 0.01
    assert verification.disagreement("float32", reference, reference) is None
    worker.ask("first", **given)
    assert worker.ask("peak")["peak_bytes"] > worker.report["import_bytes"]
    worker.ask("build", **given)
    for mode in report.MODES:
        worker.ask("warm", mode=mode)
        found = worker.ask("run", mode=mode, seconds=0.01)
        assert found["samples"] > 0
        assert found["seconds"] > 0
    assert worker.ask("size")["installed_bytes"] > 2**20


def test_workers_survive_a_task_that_fails(worker):
    with pytest.raises(WorkerError, match="KeyError: 'nothing'") as caught:
        worker.ask("check", network="nothing", weights="", trains=True)
    assert caught.value.kind == "failed"
    assert worker.ask("size")


def test_workers_that_hang_are_ended(worker, tmp_path):
    given = {"network": "mlp", "weights": str(tmp_path / "weights.npz")}
    worker.ask("weights", network="mlp", path=given["weights"])
    with pytest.raises(WorkerError, match="no answer within 0.2 seconds"):
        worker.ask("growth", **given, rounds=10**9, timeout=0.2)
    with pytest.raises(WorkerError, match="ended with status -9"):
        worker.ask("size")


def test_workers_are_gone_when_closed(worker):
    pid = worker._process.pid
    worker.close()
    assert not os.path.exists(f"/proc/{pid}")
    worker.close()


def test_libraries_that_are_not_there(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('no torch here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(WorkerError, match="no torch here") as caught:
        Worker("torch", sys.executable, "float32", [0])
    assert caught.value.kind == "absent"
    (tmp_path / "torch.py").write_text("raise RuntimeError('half a torch')")
    with pytest.raises(WorkerError, match="RuntimeError: half a torch") as caught:
        Worker("torch", sys.executable, "float32", [0])
    assert caught.value.kind == "failed"
    with pytest.raises(WorkerError, match="/no/python cannot be started") as caught:
        Worker("torch", "/no/python", "float32", [0])
    assert caught.value.kind == "absent"


# ---- Command line -------------------------------------------------------------------------------


def test_options():
    options = compare.parsed(["--networks", "vgg_small,mlp", "--peers", "", "--quick"])
    assert options.networks == ["mlp", "vgg_small"]
    assert options.peers == []
    assert (options.turns, options.seconds) == (2, 0.3)
    assert set(compare.parsed([]).peers) | {"martlet"} == set(LIBRARIES)
    found = compare.interpreters(["torch=/a/python"])
    assert found["torch"] == "/a/python"
    assert found["martlet"] == sys.executable


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--networks", "mlp,lenet"], "lenet: expected some of mlp, cnn_seq"),
        (["--python", "torch"], "--python torch: expected LIBRARY=PATH with one of martlet"),
        (["--python", "caffe=/a/python"], "--python caffe=/a/python: expected LIBRARY=PATH"),
        (["--turns", "0"], "--turns and --threads must be from 1 up"),
        (["--quick", "--update-readme"], "wants figures of a full run; leave out --quick"),
    ],
)
def test_options_that_make_no_sense(arguments, message, capsys):
    with pytest.raises(SystemExit):
        compare.parsed(arguments)
    assert message in capsys.readouterr().err


def test_order_rotates():
    assert comparison.rotated("abc", 0) == ["a", "b", "c"]
    assert comparison.rotated("abc", 4) == ["b", "c", "a"]
    assert comparison.rotated([], 1) == []


def test_a_side_that_is_missing_is_said_once(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "peaks", lambda cpus, folder: {})
    options = compare.parsed(["--threads", "1", "--python", "torch=/no/python"])
    run = comparison.Comparison(options, tmp_path)
    run.leave_out(("torch", "float32"), WorkerError("absent", "No module"), "mlp")
    assert ("torch", "bfloat16") in run.missing
    assert run.results["remarks"][0]["network"] is None
    assert "Install with: /no/python -m pip install torch" in capsys.readouterr().out


def test_a_run_without_peers(tmp_path, capsys):
    arguments = ["--quick", "--peers", "", "--networks", "mlp", "--precisions", "float32"]
    compare.main([*arguments, "--threads", "1", "--output", str(tmp_path)])
    results = json.loads((tmp_path / "results.json").read_text())
    found = report.row(results, "mlp", "predict", "float32")
    assert found.ours is not None
    assert found.ours.low > 0
    assert found.ratio is None
    assert [each["turn"] for each in results["turns"] if each["mode"] == "fit"] == [0, 1]
    assert results["growth"][0]["after_bytes"] > 0
    page = (tmp_path / "benchmarks.md").read_text()
    assert "## Training, float32" in page
    capsys.readouterr()
    again = ["--results", str(tmp_path / "results.json"), "--output", str(tmp_path)]
    compare.main(again)
    assert (tmp_path / "benchmarks.md").read_text() == page
    assert "Training, float32" in capsys.readouterr().out


def test_runs_that_cannot_begin(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "peaks", lambda cpus, folder: {})
    arguments = ["--networks", "mlp", "--peers", "", "--output", str(tmp_path)]
    with pytest.raises(SystemExit, match="Martlet failed: /no/python cannot be started"):
        compare.main([*arguments, "--threads", "1", "--python", "martlet=/no/python"])
    with pytest.raises(SystemExit, match="--threads 100000: this process may use"):
        compare.main([*arguments, "--threads", "100000"])


def test_timed_modes():
    options = compare.parsed(["--modes", "growth,one,fit,costs"])
    assert report.timed_modes({"options": vars(options)}) == ["fit", "one"]


# ---- The sweep over convolutions ----------------------------------------------------------------


def test_operations_of_convolutions_by_hand():
    case = convolutions.Case
    plain = case("plain", 28, 8, 16, 3, batch=2)
    assert plain.operations == 2 * 2 * 28 * 28 * 9 * 8 * 16
    assert case("strided", 7, 8, 16, 3, 2, batch=1).operations == 2 * 4 * 4 * 9 * 8 * 16
    assert case("grouped", 7, 8, 16, 3, groups=4, batch=1).operations == 2 * 49 * 9 * 2 * 16
    assert case("transposed", 7, 8, 4, 4, 2, batch=1).operations == 2 * 49 * 16 * 8 * 4
    depthwise = [each for each in convolutions.CASES if each.depthwise]
    assert depthwise and all(each.groups == each.channels == each.filters for each in depthwise)


def test_what_falls_behind_its_neighbours_is_marked():
    cases = [convolutions.Case("plain", 28, 8, each, batch=1) for each in (8, 16, 24)]
    operations = [each.operations for each in cases]
    # 2, 2 and 0.9 GFLOP/s forward; the same everywhere in a step.
    forward = [operations[0] / 2e9, operations[1] / 2e9, operations[2] / 0.9e9]
    steps = [3 * each / 1e9 for each in operations]
    ours = list(zip(forward, steps, strict=True))
    head, *rows = convolutions.lines(cases, [(each, None) for each in ours])
    assert head.split()[:4] == ["kind", "layer", "forward", "step"]
    assert ["behind" in row for row in rows] == [False, False, True]
    assert rows[2].endswith("behind: forward") and " 0.9 " in rows[2]
    peers = [(own, (own[0] / 2, own[1] * 3)) for own in ours]
    assert convolutions.lines(cases, peers)[1].split()[-4:] == ["4.0", "0.3", "0.50", "3.00"]


@pytest.mark.parametrize("kind", ["depthwise 5x5, stride 2", "transposed", "dilated"])
def test_a_case_is_measured(kind):
    case = next(each for each in convolutions.CASES if each.kind == kind)
    (forward, step), _ = convolutions.measure(case, 1)
    assert 0 < forward < step


def test_the_sweep_refuses_kinds_that_are_not_there(capsys):
    with pytest.raises(SystemExit):
        convolutions.main(["--cases", "depthvise"])
    assert "cases among plain, pointwise" in capsys.readouterr().err
