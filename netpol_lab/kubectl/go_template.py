"""``-o go-template``: the part of Go's ``text/template`` that people type after kubectl.

Fields, variables, ``range``, ``if``, ``with``, ``else``, ``end``, pipes, and the functions of :data:`_FUNCTIONS`.

>>> render('{{range .items}}{{.metadata.name}}{{"\\\\n"}}{{end}}', {"items": [{"metadata": {"name": "web"}}]})
'web\\n'
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netpol_lab.kubectl.failure import not_simulated
from netpol_lab.kubectl.jsonpath import text_of

_ACTION = re.compile(r"\{\{(-\s)?\s*(.*?)\s*(\s-)?\}\}", re.DOTALL)
_TOKEN = re.compile(r'\s*("(?:\\.|[^"\\])*"|`[^`]*`|\$?(?:\.?[A-Za-z_]\w*)+|[.$]|-?\d+|:=|[|(),=])')
_BLOCKS = ("range", "if", "with")

Variables = dict[str, Any]


def go_text(value: Any) -> str:
    """A value as Go prints it: ``[Ingress Egress]``, ``map[app:web]``."""
    if isinstance(value, (list, tuple)):
        return f"[{' '.join(map(go_text, value))}]"
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{go_text(value[key])}' for key in sorted(value))}]"
    return text_of(value)


@dataclass
class _Block:
    """A text ("text"), an action ("print") or a block with what stands in it and after its ``else``."""

    word: str
    tokens: Sequence[str] = ()
    text: str = ""
    inside: list[_Block] = field(default_factory=list)
    otherwise: list[_Block] = field(default_factory=list)


def render(template: str, value: Any) -> str:
    """The text of a template for one object. Raises :class:`Failure` for what is not simulated."""
    return _render(_parse(template), value, {"$": value})


def _parse(template: str) -> list[_Block]:
    top = _Block("top")
    open_blocks, into, at = [top], [top.inside], 0
    trim = False
    for action in _ACTION.finditer(template):
        text = template[at : action.start()]
        text = text.lstrip() if trim else text
        into[-1].append(_Block("text", text=text.rstrip() if action[1] else text))
        at, trim = action.end(), bool(action[3])
        tokens = _tokens(action[2])
        word = tokens[0] if tokens else "/*"
        if word in _BLOCKS:
            block = _Block(word, tokens[1:])
            into[-1].append(block)
            open_blocks.append(block)
            into.append(block.inside)
        elif word == "else" and len(tokens) == 1 and len(into) > 1:
            into[-1] = open_blocks[-1].otherwise
        elif word == "end" and len(into) > 1:
            open_blocks.pop()
            into.pop()
        elif word in ("else", "end", "define", "template", "block", "break", "continue"):
            raise not_simulated(f"`{action[0]}` in a go-template", "use -o jsonpath or -o json")
        elif tokens:
            into[-1].append(_Block("print", tokens))
    if len(into) > 1:
        raise not_simulated("a go-template whose `end` is missing", "write {{end}} after each range, if and with")
    top.inside.append(_Block("text", text=template[at:].lstrip() if trim else template[at:]))
    return top.inside


def _tokens(text: str) -> list[str]:
    if text.startswith("/*"):
        return []
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise not_simulated(f"`{text}` in a go-template", "use -o jsonpath or -o json")
        found.append(match[1])
        at = match.end()
    return found


def _render(blocks: Sequence[_Block], dot: Any, variables: Variables) -> str:
    return "".join(_one(block, dot, variables) for block in blocks)


def _one(block: _Block, dot: Any, variables: Variables) -> str:
    if block.word == "text":
        return block.text
    names, tokens = _assigned(block.tokens)
    value = _Evaluation(tokens, dot, variables).value()
    if block.word == "range":
        return _ranged(block, names, value, dot, variables)
    if names:
        variables[names[-1]] = value
    if block.word == "print":
        return "" if names else "<no value>" if value is None else go_text(value)
    if not value:
        return _render(block.otherwise, dot, dict(variables))
    return _render(block.inside, value if block.word == "with" else dot, dict(variables))


def _ranged(block: _Block, names: list[str], value: Any, dot: Any, variables: Variables) -> str:
    pairs = sorted(value.items()) if isinstance(value, Mapping) else list(enumerate(value or ()))
    if not pairs:
        return _render(block.otherwise, dot, dict(variables))
    texts = []
    for pair in pairs:
        bound = dict(zip(names, pair[-len(names) :], strict=False)) if names else {}
        texts.append(_render(block.inside, pair[1], {**variables, **bound}))
    return "".join(texts)


def _assigned(tokens: Sequence[str]) -> tuple[list[str], Sequence[str]]:
    """The variables of ``$key, $value := pipeline``, and the pipeline."""
    for sign in (":=", "="):
        if sign in tokens:
            at = list(tokens).index(sign)
            return [name for name in tokens[:at] if name != ","], tokens[at + 1 :]
    return [], tokens


class _Evaluation:
    """The value of ``command | command``; the value before the pipe is the last argument of the next command."""

    def __init__(self, tokens: Sequence[str], dot: Any, variables: Variables) -> None:
        self.rest = list(tokens)
        self.dot = dot
        self.variables = variables

    def value(self) -> Any:
        found = self._command(())
        while self.rest and self.rest[0] == "|":
            self.rest.pop(0)
            found = self._command((found,))
        return found

    def _command(self, piped: tuple[Any, ...]) -> Any:
        word = self.rest[0] if self.rest else ""
        if word in _FUNCTIONS:
            self.rest.pop(0)
            arguments = []
            while self.rest and self.rest[0] not in ("|", ")"):
                arguments.append(self._operand())
            try:
                return _FUNCTIONS[word](*arguments, *piped)
            except (TypeError, LookupError, ValueError):
                raise not_simulated(f"these arguments of `{word}` in a go-template", "use -o json and jq") from None
        return self._operand()

    def _operand(self) -> Any:
        word = self.rest.pop(0) if self.rest else ""
        if word == "(":
            inner = self.value()
            if self.rest:
                self.rest.pop(0)
            return self._walk(inner, self.rest.pop(0)[1:]) if self.rest and re.match(r"\.\w", self.rest[0]) else inner
        if word[:1] == '"':
            return json.loads(word)
        if word[:1] == "`":
            return word[1:-1]
        if re.fullmatch(r"-?\d+", word):
            return int(word)
        if word in ("true", "false", "nil"):
            return {"true": True, "false": False, "nil": None}[word]
        if word.startswith("$"):
            name, _, path = word.partition(".")
            if name in self.variables:
                return self._walk(self.variables[name], path)
        if word.startswith("."):
            return self._walk(self.dot, word[1:])
        raise not_simulated(f"`{word or 'an empty action'}` in a go-template", "use -o jsonpath or -o json")

    def _walk(self, value: Any, path: str) -> Any:
        for key in filter(None, path.split(".")):
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else value[key]
    return value


def _printf(form: str, *values: Any) -> str:
    texts = iter(values)
    return re.sub(
        r"%(-?\d*)([svdq])",
        lambda match: f"%{match[1]}s" % (json.dumps(next(texts)) if match[2] == "q" else go_text(next(texts))),
        form,
    )


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "index": _index,
    "len": len,
    "print": lambda *values: "".join(map(go_text, values)),
    "println": lambda *values: " ".join(map(go_text, values)) + "\n",
    "printf": _printf,
    "eq": lambda first, *others: first in others,
    "ne": lambda first, other: first != other,
    "lt": lambda first, other: first < other,
    "gt": lambda first, other: first > other,
    "not": lambda value: not value,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "or": lambda *values: next((value for value in values if value), values[-1]),
    "base64decode": lambda text: base64.b64decode(text).decode(),
}
