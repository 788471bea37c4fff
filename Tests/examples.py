"""Builds and runs examples/*/digits in every language that is here, and compares what they come to.

    python Tests/examples.py LIBRARY [LANGUAGE...], with compilers in CC and SWIFT

Without a language all but SwiftPM, for which the whole library is compiled again.

After the same seed all programs must find the same losses and weights, bit by bit, and a model that
one of them has trained must predict the same in every other one. Languages that are not here are
skipped, with a line that says so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
BUILD = ROOT / "build" / "examples"
INSTALLED = BUILD / "installed"

CC = os.environ.get("CC") or "cc"
SWIFT = os.environ.get("SWIFT") or "swift"
CXX = "c++" if shutil.which("c++") else "clang++"
STRICT = ["-O2", "-Wall", "-Wextra", "-pedantic", "-Werror"]
LINK = [f"-I{INSTALLED}/include", f"-L{INSTALLED}/lib", "-lmartlet", f"-Wl,-rpath,{INSTALLED}/lib"]
SWIFTPM = [f"--package-path={EXAMPLES}/swift", f"--scratch-path={BUILD}/swift"]
CARGO = ["--release", "--offline", "--locked", "--quiet", f"--target-dir={BUILD}/rust"]


class Language(NamedTuple):
    """How its program is built, if it has to be, and run."""

    name: str
    needs: str
    run: list[str]
    build: list[str] | None = None


LANGUAGES = [
    Language("Python", sys.executable, [sys.executable, f"{EXAMPLES}/python/digits.py"]),
    Language(
        "C",
        CC,
        [f"{BUILD}/digits-c"],
        [CC, "-std=c11", *STRICT, f"{EXAMPLES}/c/digits.c", "-o", f"{BUILD}/digits-c", *LINK],
    ),
    Language(
        "C++",
        CXX,
        [f"{BUILD}/digits-cpp"],
        [
            CXX,
            "-std=c++17",
            *STRICT,
            f"{EXAMPLES}/cpp/digits.cpp",
            "-o",
            f"{BUILD}/digits-cpp",
            *LINK,
        ],
    ),
    Language(
        "Rust",
        "cargo",
        [f"{BUILD}/rust/release/digits"],
        ["cargo", "build", f"--manifest-path={EXAMPLES}/rust/Cargo.toml", *CARGO],
    ),
    Language("Lua", "luajit", ["luajit", f"{EXAMPLES}/lua/digits.lua"]),
    Language("Ruby", "ruby", ["ruby", f"{EXAMPLES}/ruby/digits.rb"]),
    Language(
        "Swift",
        SWIFT,
        [f"{ROOT}/.build/release/Digits"],
        [SWIFT, "build", "-c", "release", f"--package-path={ROOT}", "--product=Digits"],
    ),
    # As a package of its own.
    Language(
        "SwiftPM",
        SWIFT,
        [f"{BUILD}/swift/release/Digits"],
        [SWIFT, "build", "-c", "release", *SWIFTPM],
    ),
]

ENVIRONMENT = {
    # SwiftPM takes CC for its own, and needs clang.
    **{name: value for name, value in os.environ.items() if name != "CC"},
    "MARTLET_PREFIX": str(INSTALLED),
    "LD_LIBRARY_PATH": f"{INSTALLED}/lib",
    "RUSTFLAGS": "-D warnings",
}


class Outcome(NamedTuple):
    """What a program has printed: numbers that must be the same everywhere."""

    losses: list[float]
    accuracy: float
    probability: float


class Trained(NamedTuple):
    """What a language has come to."""

    language: str
    outcome: Outcome
    model: Path


class Failure(Exception):
    """What a language has done wrong."""


def execute(command: list[str]) -> str:
    result = subprocess.run(
        command, env=ENVIRONMENT, cwd=BUILD, capture_output=True, text=True, timeout=1200
    )
    if result.returncode != 0:
        shown = f"{result.stdout[-2000:]}{result.stderr[-4000:]}"
        raise Failure(f"{' '.join(command)} ended with {result.returncode}:\n{shown}")
    return result.stdout


def ask(language: Language, model: Path) -> Outcome:
    """Runs the program, which trains if the model's file is not there."""
    text = execute([*language.run, str(BUILD / "digits"), str(model)])
    losses = re.findall(r"epoch \d+/\d+: loss [\d.]+ \((0x\S+)\), accuracy [\d.]+\n", text)
    last = re.search(r"told right: accuracy ([\d.]+), mean probability [\d.]+ \((0x\S+)\)\n", text)
    if last is None:
        raise Failure(f"no result in:\n{text}")
    return Outcome([float.fromhex(each) for each in losses], float(last[1]), float.fromhex(last[2]))


def tensors(path: Path) -> tuple[dict, bytes]:
    """What a model's file holds, without the texts: Python adds some of its own."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    del header["__metadata__"]
    return header, content[8 + length :]


def train(language: Language) -> Trained:
    """Builds the program and has it train a model of its own."""
    if language.build is not None:
        execute(language.build)
    model = BUILD / f"{language.name}.safetensors"
    model.unlink(missing_ok=True)
    outcome = ask(language, model)
    if len(outcome.losses) < 2 or outcome.accuracy < 0.9:
        raise Failure(f"it has learned nothing: {outcome}")
    return Trained(language.name, outcome, model)


def compare(language: Language, mine: Trained, first: Trained) -> None:
    """Compares a language with the first one, and lets it predict with the first one's model."""
    if mine.outcome != first.outcome:
        raise Failure(f"it finds {mine.outcome}, {first.language} {first.outcome}")
    if tensors(mine.model) != tensors(first.model):
        raise Failure(f"its weights are not those of {first.language}")
    if ask(language, first.model) != first.outcome._replace(losses=[]):
        raise Failure(f"with the model of {first.language} it predicts other numbers")


def try_mistakes(language: Language) -> None:
    """What is wrong must be said in a sentence, with a status that is not 0."""
    for arguments, expected in [
        ([], "usage: "),
        ([str(BUILD / "nowhere"), str(BUILD / "never.safetensors")], "nowhere"),
        ([str(BUILD / "digits"), str(Path(__file__))], Path(__file__).name),
    ]:
        result = subprocess.run(
            [*language.run, *arguments], env=ENVIRONMENT, cwd=BUILD, capture_output=True, text=True
        )
        if result.returncode <= 0 or expected not in result.stderr:
            raise Failure(f"with {arguments} it says {result.stderr!r}, status {result.returncode}")


def prepare(library: str) -> None:
    shutil.rmtree(INSTALLED, ignore_errors=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [ROOT / "tools" / "install.sh", "install", Path(library).resolve()],
        env={**os.environ, "PREFIX": str(INSTALLED), "LIBDIR": "lib", "DESTDIR": ""},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    execute([sys.executable, str(EXAMPLES / "make_digits.py"), str(BUILD / "digits")])


def main() -> None:
    prepare(sys.argv[1])
    first: Trained | None = None
    passed = failed = skipped = 0
    wanted = sys.argv[2:] or [each.name for each in LANGUAGES if each.name != "SwiftPM"]
    for language in LANGUAGES:
        if language.name not in wanted:
            continue
        if shutil.which(language.needs) is None:
            print(f"{language.name}: skipped, {language.needs} is not here")
            skipped += 1
            continue
        try:
            mine = train(language)
            first = first or mine
            compare(language, mine, first)
            try_mistakes(language)
        except Failure as failure:
            print(f"{language.name}: {failure}")
            failed += 1
        else:
            print(f"{language.name}: accuracy {mine.outcome.accuracy}, all bits as they should be")
            passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
