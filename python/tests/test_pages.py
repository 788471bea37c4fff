"""Pages in docs/ that are made from the header and the examples are up to date."""

from __future__ import annotations

import importlib.util
import re

from conftest import ROOT

spec = importlib.util.spec_from_file_location("pages", ROOT / "tools" / "pages.py")
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)


def test_pages_are_up_to_date():
    made = dict(pages.pages())
    assert len(made) > 5
    for page, content in made.items():
        assert page.read_text(encoding="utf-8") == content, f"{page.name}: run `make pages`"


def test_the_manual_has_every_function():
    listed = (ROOT / "Sources" / "MartletC" / "exports.map").read_text()
    headings = re.findall(r"^### (.*)", pages.MANUAL.read_text(), re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", " ".join(headings)))
    assert set(re.findall(r"(martlet_\w+);", listed)) <= named
    # A function has a place, and a comment, of its own.
    assert not [each for each in headings if "," in each and "MARTLET_" not in each]


def test_every_program_has_a_page():
    included = "".join(page.read_text() for page in pages.DOCS.glob("*.md"))
    for program in ROOT.glob("examples/*/digits.*"):
        name = program.relative_to(ROOT)
        if program.suffix != ".py":  # the README is Python's page
            assert f"<!-- {name}: begin -->" in included


def test_programs_are_put_between_their_marks():
    begin, end = (f"<!-- examples/rust/build.rs: {word} -->\n" for word in ("begin", "end"))
    filled = pages.with_programs(f"a\n{begin}old\n{end}b\n")
    assert filled.startswith(f"a\n{begin}```rust\n//! Tells")
    assert filled.endswith(f"}}\n```\n{end}b\n")
    assert pages.with_programs(filled) == filled
