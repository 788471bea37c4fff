"""What the installed packages are: versions, and how much room they take."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

# Names under which the same package may be installed.
ALIASES = {"tensorflow-cpu": "tensorflow"}

# Every side has it.
SHARED = {"numpy"}


def distribution(package: str) -> metadata.Distribution | None:
    """The installed package, by its name or its alias; None if it is not there as such."""
    for name in (package, ALIASES.get(package, package)):
        try:
            return metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions by name; of a package used where it stands, what the module says."""
    return {
        package: found.version
        if (found := distribution(package))
        else importlib.import_module(package).__version__
        for package in packages
    }


def required(lines: Iterable[str]) -> list[str]:
    """Names of the packages in lines of requirements, without those of optional extras.

    >>> required(["cffi>=1.15", "matplotlib; extra == 'viz'"])
    ['cffi']
    """
    return [
        re.match(r"[\w.-]+", line)[0]  # type: ignore[index]
        for line in lines
        if not re.search(r";.*\bextra\b", line)
    ]


def size(packages: Iterable[str]) -> int:
    """Bytes of the packages and all that they require, as far as it is installed.

    NumPy, Python itself and compiled bytecode are left out. Of a package used where it stands, its
    folder counts.
    """
    seen = set(SHARED)
    files: set[Path] = set()

    def add(package: str) -> None:
        name = re.sub(r"[-_.]+", "-", package).lower()
        if name in seen:
            return
        seen.add(name)
        if found := distribution(name):
            files.update(Path(str(each.locate())) for each in found.files or [])
            for requirement in required(found.requires or []):
                add(requirement)
        elif package in packages:
            module = importlib.import_module(package)
            files.update(Path(str(module.__file__)).parent.rglob("*"))

    packages = tuple(packages)
    for package in packages:
        add(package)
    return sum(each.stat().st_size for each in files if each.is_file() and each.suffix != ".pyc")
