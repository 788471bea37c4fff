"""Prints the packages of an optional part of pyproject.toml, one per line.

`pip install .[test]` would build the core a second time only to install them.
"""

import re
import sys
from pathlib import Path

text = Path(__file__).parent.with_name("pyproject.toml").read_text(encoding="utf-8")
# Python 3.10 has no reader for TOML.
body = re.search(rf"^{re.escape(sys.argv[1])} = \[(.*?)\]", text, re.DOTALL | re.MULTILINE)
if body is None:
    sys.exit(f"pyproject.toml has no optional part {sys.argv[1]!r}")
print("\n".join(re.findall(r'"([^"]+)"', body[1])))
