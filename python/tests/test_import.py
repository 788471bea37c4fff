"""What `import martlet` brings, and what it does not."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys

import pytest

import martlet


def run(code: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


def test_importing_prints_nothing():
    result = run("import martlet")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_importing_brings_no_heavy_modules():
    code = (
        "import sys, numpy; before = set(sys.modules); import martlet;"
        "print(sorted(each.split('.')[0] for each in set(sys.modules) - before))"
    )
    loaded = set(eval(run(code).stdout))
    heavy = {"matplotlib", "h5py", "urllib", "tarfile", "gzip", "ctypes", "IPython", "inspect"}
    assert not loaded & (heavy | {"difflib", "dataclasses", "asyncio", "http", "pickle"})


def test_data_sets_are_loaded_when_asked_for():
    code = (
        "import sys, martlet; assert 'martlet.datasets' not in sys.modules;"
        "assert 'martlet.applications' not in sys.modules;"
        "martlet.datasets.digits.load_data(); from martlet.datasets import mnist"
    )
    result = run(code)
    assert result.returncode == 0, result.stderr
    assert "datasets" in dir(martlet)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = martlet.nothing


def test_versions_agree():
    assert martlet.__version__ == martlet.version()
    try:
        installed = importlib.metadata.version("martlet")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("used where it stands, not installed")
    assert martlet.__version__ == installed


@pytest.mark.parametrize("requested", ["0", "-1", "four", "2.5", "1025"])
def test_thread_counts_that_make_no_sense_are_warned_of(requested):
    result = run("import martlet", MARTLET_NUM_THREADS=requested)
    assert (result.returncode, result.stdout) == (0, "")
    count = run("import martlet; print(martlet.config.num_threads())").stdout.strip()
    assert (
        f"RuntimeWarning: MARTLET_NUM_THREADS={requested} is not followed: accepted are whole "
        f"numbers from 1 to 1024; using {count}\n"
    ) in result.stderr


def test_unknown_instruction_sets_are_warned_of():
    result = run("import martlet", MARTLET_ISA="abacus")
    assert (result.returncode, result.stdout) == (0, "")
    used = martlet.config.instruction_set()
    assert re.search(
        "RuntimeWarning: MARTLET_ISA=abacus is not followed: accepted are "
        rf"portable, avx2, avx512[\w, ]*; using {used}\n",
        result.stderr,
    )


def test_two_warnings_are_both_said():
    result = run("import martlet", MARTLET_ISA="abacus", MARTLET_NUM_THREADS="0")
    assert "MARTLET_ISA=abacus" in result.stderr
    assert "MARTLET_NUM_THREADS=0" in result.stderr


def test_warnings_may_be_errors():
    code = "import warnings; warnings.simplefilter('error'); import martlet"
    result = run(code, MARTLET_NUM_THREADS="0")
    assert "RuntimeWarning: MARTLET_NUM_THREADS=0 is not followed" in result.stderr
    assert result.returncode == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity of Linux")
@pytest.mark.parametrize("requested", ["", "4"])
def test_threads_are_no_more_than_the_processors_allowed(requested):
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); import martlet; "
        "print(martlet.config.num_threads())"
    )
    result = run(code, MARTLET_NUM_THREADS=requested)
    assert (result.stdout, result.stderr) == ("1\n", "")


def test_instruction_sets_can_be_lowered():
    code = "import martlet; print(martlet.config.instruction_set())"
    assert run(code, MARTLET_ISA="portable").stdout == "portable\n"


def test_threads_by_environment_and_call():
    code = "import martlet; print(martlet.config.num_threads())"
    assert run(code, MARTLET_NUM_THREADS="1").stdout == "1\n"
    martlet.config.set_num_threads(3)
    assert martlet.config.num_threads() == 3
    martlet.config.set_num_threads(0)
    assert martlet.config.num_threads() >= 1


def test_matmul_precision_by_environment():
    code = "import martlet; print(martlet.config.matmul_precision())"
    assert run(code).stdout == "highest\n"
    assert run(code, MARTLET_MATMUL_PRECISION="high").stdout == "high\n"
    result = run(code, MARTLET_MATMUL_PRECISION="medium")
    assert (result.returncode, result.stdout) == (0, "highest\n")
    assert (
        "RuntimeWarning: MARTLET_MATMUL_PRECISION=medium is not followed: accepted are highest, "
        "high; using highest\n"
    ) in result.stderr


def test_the_library_needs_nothing_but_the_c_library():
    from pathlib import Path

    library = Path(martlet.__file__).with_name("libmartlet.so.1")
    try:
        result = subprocess.run(
            ["readelf", "-d", str(library)], capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("no readelf")
    needed = [line.split("[")[1][:-1] for line in result.stdout.splitlines() if "NEEDED" in line]
    allowed = ("libc.", "libm.", "libpthread.", "libdl.", "libgcc_s.", "librt.", "ld-linux")
    assert all(each.startswith((*allowed, "libstdc++.")) for each in needed), needed


def test_another_core_is_not_taken_for_the_package_s_own(tmp_path):
    (tmp_path / "libmartlet.so.1").write_bytes(b"no library")
    result = run("import martlet", LD_LIBRARY_PATH=str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_nothing_of_keras_that_is_there_is_hidden():
    for name in ("Sequential", "Model", "Input", "layers", "optimizers", "losses", "metrics"):
        assert hasattr(martlet, name)
    for name in ("callbacks", "initializers", "activations", "utils", "models", "backend"):
        assert hasattr(martlet, name)
    for name in ("DTypePolicy", "dtype_policies", "mixed_precision"):
        assert hasattr(martlet, name)
    assert martlet.models.Sequential is martlet.Sequential
    assert martlet.config.floatx() == "float32"
    assert martlet.backend.floatx() == "float32"
    assert martlet.config.image_data_format() == "channels_last"
    assert martlet.config.epsilon() == 1e-7
    assert martlet.config.backend() == "martlet"
