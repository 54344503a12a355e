"""Small programs for scripts and pipes: echo, sleep, date, test, grep, head, wc and their like."""

from __future__ import annotations

import re
from collections.abc import Callable
from getopt import GetoptError, getopt
from typing import Any

import re2

from netpol_lab.model.numbers import whole
from netpol_lab.pods.container_files import read_file
from netpol_lab.pods.process import Process

_MOST_LINES = 1000
"""``seq`` and ``yes`` stop here: enough for any lesson, and no script can fill the memory."""

STEPS = 32
"""How many steps of a regular expression, at each character, count as much as reading it."""

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b"}


def _unescape(text: str) -> str:
    return re.sub(r"\\([ntrab\\])", lambda found: _ESCAPES[found[1]], text)


def echo(process: Process) -> int:
    words, newline, escapes = process.args, True, False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        newline = newline and "n" not in words[0]
        escapes = escapes or "e" in words[0]
        words = words[1:]
    text = " ".join(words)
    process.out((_unescape(text) if escapes else text) + ("\n" if newline else ""))
    return 0


def printf(process: Process) -> int:
    """``printf FORMAT [WORD…]`` with ``%s``, ``%d`` and ``%%``."""
    if not process.args:
        process.complain("printf: usage: printf FORMAT [ARG]...")
        return 1
    words = iter(process.args[1:])
    template = _unescape(process.args[0])
    if re.search(r"%(?![sd%])", template):
        return process.refuse("a format other than %s, %d and %%")
    process.out(re.sub(r"%[sd%]", lambda found: "%" if found[0] == "%%" else next(words, ""), template))
    return 0


def sleep(process: Process) -> int:
    """Simulated time passes at once."""
    factors = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    total = 0.0
    if "infinity" in process.args or "inf" in process.args:
        return process.refuse("a sleep that never ends")
    for word in process.args:
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", word)
        if not found:
            process.complain(f"sleep: invalid number '{word}'")
            return 1
        total += float(found[1]) * factors[found[2] or "s"]
    if total > factors["d"]:
        return process.refuse("a sleep of more than a day")
    process.wait(total)
    return 0


def date(process: Process) -> int:
    """The simulated time, in UTC as containers have it."""
    now = process.machine.world.now
    words = [word for word in process.args if word not in ("-u", "--utc")]
    if not words:
        process.print(f"{now.ctime()[:-4]}UTC {now.year}")
    elif words == ["+%s"]:
        process.print(str(int(now.timestamp())))
    elif len(words) == 1 and re.fullmatch(r"\+(?:%[YmdHMSFT]|[^%])*", words[0]):
        process.print(now.strftime(words[0][1:]))
    else:
        return process.refuse(f"date {words[0]}")
    return 0


def identity(process: Process) -> int:
    """``id`` and ``whoami``: containers of lessons run as root."""
    process.print("uid=0(root) gid=0(root) groups=0(root)" if process.name == "id" else "root")
    return 0


def uname(process: Process) -> int:
    known = {(): "Linux", ("-s",): "Linux", ("-n",): process.machine.hostname, ("-m",): "x86_64"}
    words = known.get(tuple(process.args))
    if words is None:
        return process.refuse(f"uname {' '.join(process.args)}")
    process.print(words)
    return 0


def which(process: Process) -> int:
    missing = [name for name in process.args if not process.machine.tools.has(name)]
    for name in process.args:
        if name not in missing:
            process.print(f"/usr/bin/{name}")
    return 1 if missing else 0


def seq(process: Process) -> int:
    if not 1 <= len(process.args) <= 3 or not all(re.fullmatch(r"-?\d{1,9}", word) for word in process.args):
        process.complain("seq: usage: seq [FIRST [INC]] LAST, in whole numbers")
        return 1
    numbers = [int(word) for word in process.args]
    first, step, last = {1: (1, 1, numbers[0]), 2: (numbers[0], 1, numbers[-1])}.get(len(numbers)) or tuple(numbers)
    if step == 0 or (last - first) // step >= _MOST_LINES:
        return process.refuse(f"a sequence of more than {_MOST_LINES} numbers")
    for number in range(first, last + (1 if step > 0 else -1), step):
        process.print(str(number))
    return 0


def test(process: Process) -> int:
    """``test`` and ``[``: strings, whole numbers, ``!``."""
    words = process.args
    if process.name == "[":
        if not words or words[-1] != "]":
            process.complain("sh: missing ]")
            return 2
        words = words[:-1]
    negated = words[:1] == ["!"]
    try:
        result = _condition(words[1:] if negated else words)
    except ValueError as error:
        process.complain(f"sh: {error}")
        return 2
    return 0 if result != negated else 1


_INTEGER = r"-?[0-9]{1,18}"

_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}


def _condition(words: list[str]) -> bool:
    match words:
        case []:
            return False
        case [text]:
            return text != ""
        case ["-n", text]:
            return text != ""
        case ["-z", text]:
            return text == ""
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
        case [left, operator, right] if operator in _NUMBERS:
            if not all(re.fullmatch(_INTEGER, number) for number in (left, right)):
                raise ValueError(f"{left if not re.fullmatch(_INTEGER, left) else right}: bad number")
            return _NUMBERS[operator](int(left), int(right))
    raise ValueError(f"{' '.join(words)}: this test is not simulated in this workbook")


# -- filters ---------------------------------------------------------------------------------------


def lines_of(process: Process, paths: list[str]) -> list[str] | None:
    """The lines of files or of standard input; None after complaining that one is missing."""
    text = ""
    for path in paths or ["-"]:
        part = process.stdin.read() if path == "-" else read_file(process.machine, path)
        if part is None:
            process.complain(f"{process.name}: {path}: No such file or directory")
            return None
        process.machine.spend(len(part))
        text += part
    return text.splitlines()


def grep(process: Process) -> int:
    """``grep [-ivcqoEFn] PATTERN [FILE]``. Exit code 1 when no line matches."""
    try:
        pairs, words = getopt(process.args, "ivcqoEFnwe:")
    except GetoptError as error:
        return process.refuse(f"option -{error.opt}")
    flags = {name for name, _ in pairs}
    text = dict(pairs).get("-e") or (words.pop(0) if words else "")
    lines = lines_of(process, words)
    if lines is None:
        return 2
    try:
        wanted = pattern(text, flags)
    except re2.error:
        process.complain(f"grep: bad regex '{text}'")
        return 2
    process.machine.spend(sum(map(len, lines)) * wanted.programsize // STEPS)
    found = [(n, line) for n, line in enumerate(lines, 1) if bool(wanted.search(line)) != ("-v" in flags)]
    if "-c" in flags:
        process.print(str(len(found)))
    elif "-q" not in flags:
        for number, line in found:
            for part in filter(None, wanted.findall(line)) if "-o" in flags else [line]:
                process.print(f"{number}:{part}" if "-n" in flags else part)
    return 0 if found else 1


def pattern(text: str, flags: set[str], *, groups: bool = False) -> Any:
    """A pattern of grep or sed as RE2's, whose time grows only with the text.

    Basic expressions escape what extended ones write. ``groups``: what they hold is wanted, too.

    Raises ``re2.error``, also for back-references: what has them cannot be matched in bounded time.
    """
    options = re2.Options()
    options.posix_syntax = options.perl_classes = options.word_boundary = options.longest_match = True
    options.never_capture, options.log_errors, options.case_sensitive = not groups, False, "-i" not in flags
    if "-F" in flags:
        text = re2.escape(text)
    elif "-E" not in flags:
        text = re.sub(r"\\(.)|[(){}|+?]", _extended, text)
    text = re.sub(r"\\[<>]", r"\\b", text)
    return re2.compile(rf"\b({text})\b" if "-w" in flags else text, options)


def _extended(found: re.Match[str]) -> str:
    """What a basic expression writes ``\\(`` an extended one writes ``(``, and the other way round."""
    if found[1] is None:
        return "\\" + found[0]
    return found[1] if found[1] in "(){}|+?" else found[0]


def head(process: Process) -> int:
    """``head`` and ``tail``: ``-n COUNT``, ``-COUNT``, ``-c BYTES``."""
    args = [f"-n{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in process.args]
    try:
        pairs, paths = getopt(args, "n:c:q")
    except GetoptError as error:
        return process.refuse(f"option -{error.opt}")
    values = dict(pairs)
    count = values.get("-n") or values.get("-c") or "10"
    wanted = whole(count)
    if wanted is None:
        return process.refuse(f"a count like {count}")
    lines = lines_of(process, paths)
    if lines is None:
        return 1
    last = process.name == "tail"
    if "-c" in values:
        text = "\n".join(lines)
        process.out(text[max(0, len(text) - wanted) :] if last else text[:wanted])
        return 0
    for line in lines[max(0, len(lines) - wanted) :] if last else lines[:wanted]:
        process.print(line)
    return 0


def wc(process: Process) -> int:
    flags = [word for word in process.args if word.startswith("-") and word != "-"]
    lines = lines_of(process, [word for word in process.args if word not in flags])
    if lines is None:
        return 1
    counts = {
        "-l": len(lines),
        "-w": sum(len(line.split()) for line in lines),
        "-c": sum(len(line.encode()) + 1 for line in lines),
    }
    if len(flags) == 1 and flags[0] in counts:
        process.print(str(counts[flags[0]]))
    elif flags:
        return process.refuse(f"option {flags[0]}")
    else:
        process.print("".join(f"{number:>10}" for number in counts.values()).lstrip())
    return 0


def sort(process: Process) -> int:
    flags = {letter for word in process.args if word.startswith("-") for letter in word[1:]}
    lines = lines_of(process, [word for word in process.args if not word.startswith("-")])
    if lines is None:
        return 1
    if flags - set("rnu"):
        return process.refuse(f"option -{min(flags - set('rnu'))}")
    number = re.compile(r"\s*(-?\d{1,18})")
    lines = sorted(set(lines) if "u" in flags else lines, reverse="r" in flags)
    if "n" in flags:
        lines.sort(key=lambda line: int(found[1]) if (found := number.match(line)) else 0, reverse="r" in flags)
    for line in lines:
        process.print(line)
    return 0


def uniq(process: Process) -> int:
    lines = lines_of(process, [word for word in process.args if not word.startswith("-")])
    if lines is None:
        return 1
    runs: list[tuple[str, int]] = []
    for line in lines:
        count = runs.pop()[1] + 1 if runs and runs[-1][0] == line else 1
        runs.append((line, count))
    for line, count in runs:
        process.print(f"{count:>7} {line}" if "-c" in process.args else line)
    return 0
