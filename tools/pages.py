"""Brings pages in docs/ up to date with what they are made from.

    python tools/pages.py

docs/c-api.md is martlet.h as a manual. On the pages of languages the whole program stands between
marks:

    <!-- examples/c/digits.c: begin -->
    <!-- examples/c/digits.c: end -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
HEADER = ROOT / "Sources" / "CMartlet" / "include" / "martlet.h"
MANUAL = DOCS / "c-api.md"

# How Markdown calls the languages of files.
LANGUAGES = {".c": "c", ".cpp": "cpp", ".hpp": "cpp", ".rs": "rust", ".lua": "lua", ".rb": "ruby"}
LANGUAGES |= {".py": "python", ".txt": "cmake", ".swift": "swift", ".toml": "toml"}

NOTE = "<!-- Made from Sources/CMartlet/include/martlet.h by `make pages`. -->"


def pages() -> Iterator[tuple[Path, str]]:
    """Every page that is made from something, with what it ought to hold."""
    yield MANUAL, manual(HEADER.read_text(encoding="utf-8"))
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if "<!-- examples/" in text:
            yield page, with_programs(text)


def with_programs(text: str) -> str:
    """A page with the files that its marks name between them."""

    def program(match: re.Match[str]) -> str:
        path = ROOT / match[1]
        content = path.read_text(encoding="utf-8").rstrip("\n")
        fence = f"```{LANGUAGES[path.suffix]}\n{content}\n```"
        return f"<!-- {match[1]}: begin -->\n{fence}\n<!-- {match[1]}: end -->"

    return re.sub(r"<!-- (examples/\S+): begin -->.*?<!-- \1: end -->", program, text, flags=re.S)


def manual(header: str) -> str:
    """The header as Markdown: a heading for each section and each group of declarations."""
    opening, *sections = re.split(r"/\* ---- (.*?) -+ \*/\n", header)
    title, *introduction = comment_lines(re.match(r"/\*.*?\*/", opening, re.S)[0])
    parts = [f"# The C interface: {title.removeprefix('Martlet: ').rstrip('.')}", NOTE]
    parts += [paragraphs(introduction)]
    for name, body in zip(sections[::2], sections[1::2], strict=True):
        parts += [f"## {name}"]
        parts += [entry(*group) for group in groups(body.split("#ifdef __cplusplus")[0])]
    return "\n\n".join(parts) + "\n"


def groups(body: str) -> Iterator[tuple[str, str]]:
    """Comments at the beginning of a line, each with the declarations up to the next one."""
    pattern = r"^(/\*(?:(?!\*/).)*\*/\n)((?:(?!^/\*).)*)"
    for comment, declarations in re.findall(pattern, body, re.S | re.M):
        yield comment, declarations.strip("\n")


def entry(comment: str, declarations: str) -> str:
    """One heading, the declarations as they stand in the header, and what the comment says."""
    code = declarations.replace("MARTLET_API ", "")
    heading = ", ".join(f"`{name}`" for name in names(declarations))
    return f"### {heading}\n\n```c\n{code}\n```\n\n{paragraphs(comment_lines(comment))}"


def names(declarations: str) -> list[str]:
    """What declarations declare: functions, types, constants of an enumeration without a name."""
    code = re.sub(r"/\*.*?\*/", "", declarations, flags=re.S)
    found = re.findall(r"MARTLET_API[^;]*?\b(martlet_\w+)\(", code)
    found += re.findall(r"^typedef [^;{(]*?\b(martlet_\w+);", code, re.M)
    found += re.findall(r"^} (martlet_\w+);", code, re.M)
    found += re.findall(r"^typedef \w+ \(\*(martlet_\w+)\)", code, re.M)
    found += re.findall(r"^#define (MARTLET_\w+)", code, re.M)
    constants = re.findall(r"\b(MARTLET_\w+) = ", code)
    return found or constants


def comment_lines(comment: str) -> list[str]:
    """The text of a comment without its frame."""
    inner = comment.strip().removeprefix("/*").removesuffix("*/")
    return [re.sub(r"^ \* ?", "", line).rstrip() for line in f" *{inner}".splitlines()]


def paragraphs(lines: list[str]) -> str:
    """Text as Markdown. What is set in by spaces becomes code, a name at its beginning a term."""
    result: list[str] = []
    for line in lines:
        term = re.match(r"  (\w+)  +(?=\S)", line)
        if re.fullmatch(r"\w+", line):
            result += [f"## {line}"]
        elif term:
            result += ["", f"- **{term[1]}.** {line[term.end() :]}"]
        elif line.startswith(" " * 12) and any(each.startswith("- **") for each in result):
            result.append("  " + line.strip())
        elif line.startswith("  "):
            if result and not result[-1].startswith("    "):
                result.append("")
            result.append("    " + line[2:])
        elif line.startswith("Fails: "):
            result += ["", f"*{line}"]
        else:
            if result and result[-1].startswith("    "):
                result.append("")
            result.append(line)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(result).strip("\n"))
    return re.sub(r"(^\*Fails: [^.]*\.)", r"\1*", text, flags=re.M)


def main() -> None:
    """Writes the pages that are not up to date."""
    for page, content in pages():
        if not page.is_file() or page.read_text(encoding="utf-8") != content:
            page.write_text(content, encoding="utf-8")
            print(f"{page.relative_to(ROOT)} is up to date again")


if __name__ == "__main__":
    main()
