"""Prints a C table of the statuses that martlet.h says its functions return ("Fails:")."""

from __future__ import annotations

import re

from pages import HEADER, groups, names

OPENING = """\
/* What martlet.h says: a bit for each status that a function may return. */
static const struct {
  const char *function;
  unsigned statuses;
} documented[] = {"""


def statuses(header: str) -> dict[str, list[str]]:
    """The statuses of every function that returns one, MARTLET_OK left out."""
    found = {}
    for comment, declarations in groups(header):
        fails = re.search(r"Fails: ([A-Z_,\s*]+)\.", comment)
        if fails:
            [function] = names(declarations)
            found[function] = re.findall(r"[A-Z_]+", fails[1])
    return found


def main() -> None:
    """Prints it."""
    print(OPENING)
    for function, named in statuses(HEADER.read_text(encoding="utf-8")).items():
        bits = " | ".join(f"1u << MARTLET_{status}" for status in ["OK", *named])
        print(f'    {{"{function}", {bits}}},')
    print("};")


if __name__ == "__main__":
    main()
