"""Builds the Swift core and the extension module that binds it.

Everything else about the package stands in pyproject.toml. Two files end up beside the Python
sources: ``libmartlet.so.1``, the core with the Swift runtime inside, named by its ABI version, and
``_martlet.abi3.so``, the binding that cffi makes from the declarations in ``martlet.h``. It looks
for the core beside itself first, wherever else there is one.

``MARTLET_LIBRARY`` may name a library that is built already; then no Swift toolchain is needed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NoReturn

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
HEADER = ROOT / "Sources" / "CMartlet" / "include" / "martlet.h"
VERSION_SOURCE = ROOT / "Sources" / "MartletSettings" / "Settings.swift"
GENERATED = ROOT / "build" / "native"
# The name that the linker looks for; the loader's ends in the ABI version.
LIBRARY = "libmartlet.so"

# The functions that the core calls after each batch, before each step and for losses written with
# NumPy live in Python.
CALLBACK = """
extern "Python" int32_t martlet_python_progress(
    void *user, int64_t batches_done, int64_t batch_count, const double *results,
    int32_t result_count);
extern "Python" int32_t martlet_python_learning_rate(void *user, int64_t steps, double *rate);
extern "Python" int32_t martlet_python_loss(
    void *user, int64_t count, const float *targets, const float *predictions, float *values,
    float *gradients);
"""


def stop(message: str) -> NoReturn:
    """Ends the build with one line that says what to do."""
    sys.exit(f"martlet: {message}")


def declarations(header: str) -> str:
    """What cffi needs of the header: its declarations, without comments and preprocessor."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    lines, skipping = [], False
    for line in text.splitlines():
        if re.match(r"#\s*if\s*(def __cplusplus|defined\(__GNUC__\))", line):
            skipping = True
        elif line.startswith("#endif"):
            skipping = False
        elif not skipping and (not line.startswith("#") or "MARTLET_ABI_VERSION" in line):
            lines.append(line)
    return "\n".join(lines).replace("MARTLET_API ", "")


def core_library() -> Path:
    """The built core: the one in MARTLET_LIBRARY, or what Swift builds now."""
    given = os.environ.get("MARTLET_LIBRARY")
    if given:
        path = Path(given)
        if not path.is_file():
            stop(f"MARTLET_LIBRARY names no file: {given}")
        return path
    swift = shutil.which("swift")
    if swift is None:
        stop(
            "the Swift toolchain (6.3 or later) is missing; get it from "
            "https://www.swift.org/install/linux, or set MARTLET_LIBRARY to a built libmartlet.so"
        )
    command = [swift, "build", "-c", "release", "--product", "martlet-c"]
    command += ["--package-path", str(ROOT)]
    if os.environ.get("MARTLET_SCRATCH"):
        command += ["--scratch-path", os.environ["MARTLET_SCRATCH"]]
    if subprocess.run(command).returncode != 0:
        stop(f"the Swift core did not build; the command was: {' '.join(command)}")
    shown = subprocess.run([*command, "--show-bin-path"], capture_output=True, text=True)
    return Path(shown.stdout.strip()) / "libmartlet-c.so"


def check_compiler() -> None:
    """Looks for a C compiler and Python's headers before they are missed in a long log."""
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        stop("Python.h is missing; install it with: sudo apt-get install python3-dev")
    names = [os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc", "cc", "gcc"]
    if any(shutil.which(name.split()[0]) for name in names):
        return
    # Swift brings a C compiler of its own.
    swift = shutil.which("swift")
    clang = Path(swift).resolve().with_name("clang") if swift else None
    if clang is None or not clang.is_file():
        stop("a C compiler is missing; install one with: sudo apt-get install gcc libc6-dev")
    os.environ["CC"] = str(clang)
    os.environ["LDSHARED"] = f"{clang} -shared"


class BuildNative(build_ext):
    """Puts the core library beside the extension and links the extension to it."""

    def run(self) -> None:
        """Builds the core, writes the binding's C source, compiles and links it."""
        from cffi import FFI

        check_compiler()
        GENERATED.mkdir(parents=True, exist_ok=True)
        replace_if_newer(core_library(), GENERATED / LIBRARY)
        binding = FFI()
        binding.cdef(declarations(HEADER.read_text(encoding="utf-8")) + CALLBACK)
        binding.set_source("martlet._martlet", '#include "martlet.h"', py_limited_api=True)
        binding.emit_c_code(str(GENERATED / "_martlet.c"))
        super().run()
        package = Path("python") if self.inplace else Path(self.build_lib)
        replace_if_newer(GENERATED / LIBRARY, package / "martlet" / f"{LIBRARY}.{abi_version()}")


def replace_if_newer(source: Path, target: Path) -> None:
    """Copies by renaming, so that a process that has the old library loaded keeps it whole."""
    if target.is_file() and target.stat().st_mtime_ns == source.stat().st_mtime_ns:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".new")
    shutil.copy2(source, temporary)
    temporary.replace(target)


def version() -> str:
    """The library's version, where it stands."""
    return find(r'static let version = "([^"]+)"', VERSION_SOURCE)


def abi_version() -> str:
    """The number that the library's name for the loader ends in."""
    return find(r"#define MARTLET_ABI_VERSION (\d+)", HEADER)


def find(pattern: str, path: Path) -> str:
    """What stands in a source file for all to read."""
    found = re.search(pattern, path.read_text("utf-8"))
    return found[1] if found else stop(f"no version in {path}")


setup(
    version=version(),
    ext_modules=[
        Extension(
            "martlet._martlet",
            sources=["build/native/_martlet.c"],
            depends=[str(HEADER.relative_to(ROOT))],
            include_dirs=["Sources/CMartlet/include"],
            library_dirs=["build/native"],
            libraries=["martlet"],
            # The old kind of path is looked at before LD_LIBRARY_PATH, where another core may be.
            extra_link_args=["-Wl,-rpath,$ORIGIN", "-Wl,--disable-new-dtags"],
            define_macros=[("Py_LIMITED_API", "0x030A0000")],
            py_limited_api=True,
        )
    ],
    cmdclass={"build_ext": BuildNative},
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
