"""Coverage-guided fuzzing of the whole way of a text. Not a test: it runs as long as you let it.

    python -m pip install atheris
    python tests/fuzz.py -max_total_time=600 [folder of inputs that were found before]

The options are libFuzzer's. Any exception other than the library's own ends the run, and the input that raised it is
written to a file named ``crash-...``.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

with atheris.instrument_imports(include=["netpol_lab"]):
    from whole_way import take_in

MAX_CHARACTERS = 20_000
"""Larger texts only make the fuzzer slow; their bounds have tests of their own."""


def one_input(data: bytes) -> None:
    text = data.decode("utf-8", "replace")[:MAX_CHARACTERS]
    take_in(text)


def crossed(data: bytes, most: int, seed: int) -> bytes:
    """Lines of a manifest cut, doubled and moved about: libFuzzer alone changes bytes and seldom meets YAML again."""
    pick = random.Random(seed)
    lines = data.split(b"\n")
    kind = pick.randrange(5)
    if kind == 0 or len(lines) < 3:
        return bytes(atheris.Mutate(data, most))
    place, other = pick.randrange(len(lines)), pick.randrange(len(lines))
    if kind == 1:
        del lines[place]
    elif kind == 2:
        lines.insert(place, lines[other])
    elif kind == 3:
        lines[place] = b" " * pick.randrange(8) + lines[place].lstrip()
    else:
        key, colon, _ = lines[place].partition(b":")
        lines[place] = key + colon + b" " + pick.choice(VALUES)
    return b"\n".join(lines)[:most]


VALUES = [b"", b"0", b"-1", b"65536", b"true", b"null", b"{}", b"[]", b"[null]", b"{a: b}", b"'80'", b"10.0.0.0/8"]
VALUES += [
    b"::/0",
    b"<b>",
    b'"a\\nb"',
    b"&a [*a]",
    b"&a x",
    b"*a",
    b"1.5",
    b"99999999999999999999",
    b"None",
    b"x" * 300,
]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(sorted(HERE.rglob("*.yaml"))):
            Path(folder, f"{number}-{path.stem}").write_bytes(path.read_bytes())
        atheris.Setup([sys.argv[0], "-timeout=60", *sys.argv[1:], folder], one_input, custom_mutator=crossed)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
