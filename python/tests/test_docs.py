"""Examples in docstrings and in the README run as printed."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re

import pytest
from conftest import ROOT

import martlet

MODULES = sorted(
    ["martlet"]
    + [
        each.name
        for each in pkgutil.walk_packages(martlet.__path__, "martlet.")
        if not each.name.endswith("martlet")  # the native file
    ]
)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder()
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in finder.find(module, name):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("index", range(len(blocks())))
def test_readme_examples(index, capsys):
    exec(blocks()[index], {})
    if index == 0:
        accuracy = float(capsys.readouterr().out.split("test accuracy ")[1])
        assert accuracy > 0.9


def test_readme_names_what_there_is():
    text = (ROOT / "README.md").read_text()
    listed = set(re.findall(r"`(\w+)`", text.split("## What is there")[1]))
    # Without second names and what nobody calls.
    there = {
        name
        for name, value in vars(martlet.layers).items()
        if name == getattr(value, "__name__", None) and name[0].isupper()
    } - {"Layer", "InputLayer"}
    assert not there - listed
