"""What programs in C rely on: martlet.h reads as a manual and keeps what it had.

The library's names and programs of the past are tested by Tests/abi.sh.
"""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

HEADER = (ROOT / "Sources" / "CMartlet" / "include" / "martlet.h").read_text()
FROZEN = (ROOT / "Tests" / "C" / "abi" / "martlet-1.h").read_text()


def code(header: str) -> str:
    """Declarations and the ABI version, with single spaces."""
    text = re.sub(
        r"/\*.*?\*/|^#(?!define MARTLET_ABI).*?$", "", header, flags=re.DOTALL | re.MULTILINE
    )
    return " ".join(text.split())


def functions(header: str) -> dict[str, str]:
    """Declarations of functions and of types of functions, by name."""
    patterns = r"MARTLET_API [^;(]*?\b(\w+)\([^;]*;", r"typedef \w+ \(\*(\w+)\)[^;]*;"
    return {match[1]: match[0] for each in patterns for match in re.finditer(each, code(header))}


def structs(header: str) -> dict[str, list[str]]:
    """Fields of structs, by name."""
    found = re.findall(r"typedef struct (martlet_\w+) { (.*?) } \1;", code(header))
    return {name: [field.strip() for field in body.split(";")[:-1]] for name, body in found}


def constants(header: str) -> dict[str, str]:
    """Values of enumerations and of the ABI version."""
    return dict(re.findall(r"\b(MARTLET_\w+)(?: =)? (-?\d+)", code(header)))


def documented() -> list[tuple[str, str]]:
    """Every function's declaration with the comment before it."""
    return re.findall(
        r"^/\*((?:(?!\*/).)*)\*/\n(MARTLET_API [^;]*;)", HEADER, re.DOTALL | re.MULTILINE
    )


def test_lines_are_at_most_100_wide():
    assert [line for line in HEADER.splitlines() if len(line) > 100] == []


def test_every_function_has_a_comment_of_its_own():
    assert len(documented()) == HEADER.count("\nMARTLET_API ") > 70


@pytest.mark.parametrize(("comment", "declaration"), documented())
def test_comments_say_what_fails(comment, declaration):
    fails = re.findall(r"\n \* Fails: ([A-Z_, \n*]+)\. $", comment)
    if not declaration.startswith("MARTLET_API martlet_status "):
        assert not fails
        return
    assert len(fails) == 1
    named = re.split(r",\s+", fails[0])
    statuses = re.findall(r"MARTLET_(\w+) = \d", HEADER.split("enum {")[1].split("}")[0])
    assert named == [status for status in statuses if status in named]
    assert "INVALID_ARGUMENT" in named


@pytest.mark.parametrize("name", functions(FROZEN))
def test_functions_stay_as_they_were(name):
    assert functions(HEADER)[name] == functions(FROZEN)[name]


@pytest.mark.parametrize("name", structs(FROZEN))
def test_structs_grow_at_their_end_or_not_at_all(name):
    before, now = structs(FROZEN)[name], structs(HEADER)[name]
    assert now[: len(before)] == before
    assert now == before or before[0] == "size_t struct_size"


def test_numbers_stay_what_they_were():
    before, now = constants(FROZEN), constants(HEADER)
    assert len(before) == 25
    assert {name: now.get(name) for name in before} == before


def test_one_abi_version_stands_everywhere():
    version = constants(HEADER)["MARTLET_ABI_VERSION"]
    assert f"-soname=libmartlet.so.{version}" in (ROOT / "Package.swift").read_text()
    assert (ROOT / "Tests" / "C" / "abi" / f"martlet-{version}.h").is_file()
    for example in ("lua/digits.lua", "ruby/digits.rb"):
        assert f"libmartlet.so.{version}" in (ROOT / "examples" / example).read_text()
