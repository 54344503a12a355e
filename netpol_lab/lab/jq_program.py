# The small program behind `jq` in a notebook's shell, for machines that have no jq of their own. It needs nothing of
# the lab: PyPI's `jq` holds the real jq as a library. Here is only its command line, as far as the lessons go.
import json
import sys
from typing import Any, NoReturn

SWITCHES = {
    "-r": "--raw-output",
    "-c": "--compact-output",
    "-e": "--exit-status",
    "-n": "--null-input",
    "-s": "--slurp",
    "-S": "--sort-keys",
}
USAGE = "Usage:\tjq [OPTIONS] FILTER [FILES...]\n"


class Ended(Exception):
    """The program ends here: its exit code, and what it says on standard error."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code


def options(words: "list[str]") -> "tuple[set[str], dict[str, str], list[str]]":
    """The switches by their long names, the variables of ``--arg``, and the other words: the filter, then files.

    Short switches may stand together, as in ``-rc``. Raises :class:`Ended` for what is not known here.
    """
    switches: set[str] = set()
    variables: dict[str, str] = {}
    others: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--arg" and len(rest) >= 2:
            name, value = rest.pop(0), rest.pop(0)
            variables[name] = value
        elif word.startswith("--"):
            switches.add(_known(word, word))
        elif word.startswith("-") and len(word) > 1:
            switches |= {_known(SWITCHES.get(f"-{letter}", ""), word) for letter in word[1:]}
        else:
            others.append(word)
    if not others:
        raise Ended(2, USAGE)
    return switches, variables, others


def _known(name: str, word: str) -> str:
    if name not in SWITCHES.values():
        raise Ended(2, f"jq: {word} is not known to this small jq; it knows {', '.join(SWITCHES)} and --arg\n")
    return name


def text_of(files: "list[str]") -> str:
    """What the files hold, or standard input without any. Raises :class:`Ended` for a file that cannot be read."""
    if not files:
        return "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
    texts = []
    for name in files:
        try:
            with open(name, encoding="utf-8") as file:
                texts.append(file.read())
        except OSError as error:
            raise Ended(2, f"jq: error: Could not open {name}: {error.strerror}\n") from None
    return "\n".join(texts)


def written(value: Any, switches: "set[str]") -> str:
    """One result as jq prints it."""
    if isinstance(value, str) and "--raw-output" in switches:
        return value
    how: dict[str, Any] = {"separators": (",", ":")} if "--compact-output" in switches else {"indent": 2}
    return json.dumps(value, ensure_ascii=False, sort_keys="--sort-keys" in switches, **how)


def main(words: "list[str]") -> int:
    """Print every result of the filter; return jq's exit code."""
    try:
        import jq
    except ImportError:
        raise Ended(
            127, "jq: this machine has no jq. Install it, or take -o jsonpath='{…}', which kubectl has built in.\n"
        ) from None
    switches, variables, (program, *files) = options(words)
    try:
        compiled = jq.compile(program, args=variables)
    except ValueError as error:
        raise Ended(3, f"{error}\n") from None
    text = "null" if "--null-input" in switches else text_of(files)
    last: Any = Ended  # no result yet
    try:
        for last in compiled.input_text(text, slurp="--slurp" in switches):
            print(written(last, switches))
    except ValueError as error:
        broken = str(error).startswith("parse error")
        raise Ended(2 if broken else 5, f"jq: error (at <stdin>): {error}\n") from None
    if "--exit-status" not in switches:
        return 0
    return 4 if last is Ended else 1 if last in (None, False) else 0


def run(words: "list[str]") -> NoReturn:
    """Run and leave, with what jq would say on the way."""
    try:
        code = main(words)
        sys.stdout.flush()
    except Ended as end:
        sys.stdout.flush()
        sys.stderr.write(str(end))
        code = end.code
    except BrokenPipeError:
        sys.stderr.close()
        code = 141
    sys.exit(code)


if __name__ == "__main__":
    run(sys.argv[1:])
