"""What the compiler of the documentation does not look at, for `tools/swift_docs.sh`.

swift_docs.py undocumented SYMBOLS   fails where a public symbol has no comment
swift_docs.py snippets               prints a program of all the examples in the articles
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

CATALOG = Path(__file__).resolve().parent.parent / "Sources" / "Martlet" / "Martlet.docc"

# What the examples take for granted.
GIVEN = """model given: Model, images: Tensor<Float>, labels: [Int], unseen: Tensor<Float>,
  theirLabels: [Int], pixels: [UInt8], count: Int, height: Int, width: Int,
  buffer: UnsafeBufferPointer<UInt8>"""


def undocumented(symbols: Path) -> list[str]:
    """Paths of public symbols without a comment of their own or of what they conform to."""
    missing = []
    for file in sorted(symbols.glob("Martlet*.symbols.json")):
        for symbol in json.loads(file.read_text("utf-8"))["symbols"]:
            if (
                "docComment" not in symbol
                and "::SYNTHESIZED::" not in symbol["identifier"]["precise"]
            ):
                missing.append(".".join(symbol["pathComponents"]))
    return missing


def snippets() -> str:
    """Each example as the body of a function; the manifest's is no program."""
    parts = ["import Martlet\n"]
    for article in sorted(CATALOG.glob("*.md")):
        text = article.read_text("utf-8")
        for number, code in enumerate(re.findall(r"```swift\n(.*?)```", text, re.DOTALL), 1):
            if code.startswith("dependencies:"):
                continue
            code = code.replace("import Martlet\n", "")
            waits = "await" in code
            model = "" if "let model" in code else "  let model = given\n"
            body = (
                model + code
                if waits
                else f"{model}  func run() throws {{\n{code}  }}\n  try run()\n"
            )
            name = f"{article.stem}{number}"
            parts.append(f"func {name}({GIVEN}) async throws {{\n{body}}}\n")
    return "\n".join(parts)


def main() -> None:
    """Does what the first argument names."""
    if sys.argv[1] == "snippets":
        print(snippets())
        return
    missing = undocumented(Path(sys.argv[2]))
    if missing:
        sys.exit("without a comment: " + ", ".join(missing))


main()
