"""A shell, as far as scripts of lessons go: lists, pipes, quotes, ``$VAR``, ``$(…)``, here-documents, loops, functions.

It is ``sh -c`` in a pod, and it runs the cells of a notebook where the machine has no shell of its own.

Everything runs at once and in order; a pipe hands over a finished text.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from netpol_lab.model.numbers import whole
from netpol_lab.pods import shell_syntax as syntax
from netpol_lab.pods.container_files import read_file
from netpol_lab.pods.process import COMMAND_WORK, Process, ProgramNotFound, Stdin, Stopped, Write
from netpol_lab.pods.shell_syntax import Command, CommandGroup, For, If, Pipeline, Sequence, Simple, While, parse
from netpol_lab.pods.shell_words import NotInThisShell, Part, Redirection, ShellSyntaxError, Word

_DEEPEST = 20
"""Scripts inside scripts, functions inside functions."""

_MOST_ROUNDS = 1000
"""A ``while`` that goes round more often would go round for ever, as far as lessons go."""

INTERACTIVE = (
    "an interactive shell is not simulated in this workbook; run one command at a time:\n"
    "kubectl exec POD -- COMMAND, or kubectl exec POD -- sh -c '…'"
)


class _Exit(Exception):
    """``exit``, or a script that has to stop."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Return(_Exit):
    """``return``: a function, or a script that ``.`` reads, has to stop."""


Start = Callable[[Process], int]
"""Runs a program to its exit code, or raises ``ProgramNotFound``."""


def run(process: Process, start: Start) -> int:
    """``sh -c SCRIPT [NAME ARG…]``, or a script on standard input. ``start`` runs the programs it names."""
    args, stops_at_errors = process.args, False
    while args and re.fullmatch(r"-[ilex]+", args[0]):
        if "x" in args[0]:
            return process.refuse("option -x")
        stops_at_errors = stops_at_errors or "e" in args[0]
        args = args[1:]
    if args and re.fullmatch(r"-[le]*c", args[0]):
        if len(args) < 2:
            process.complain(f"{process.name}: -c requires an argument")
            return 2
        positional = args[2:] or [process.name]
        return _script(process, start, args[1], positional, stops_at_errors or "e" in args[0])
    if args:
        return process.refuse(f"running the file {args[0]}")
    script = process.stdin.read()
    if not script.strip():
        process.complain(f"{process.name}: {INTERACTIVE}")
        return 1
    return _script(process, start, script, [process.name], stops_at_errors)


def _script(process: Process, start: Start, text: str, positional: list[str], stops_at_errors: bool) -> int:
    depth = int(process.machine.env.get("SHLVL", "0")) + 1
    if depth > _DEEPEST:
        return process.refuse("a shell so deep inside shells")
    outer_env, process.machine.env = process.machine.env, {**process.machine.env, "SHLVL": str(depth)}
    shell = _Shell(process, start, dict(outer_env), positional, stops_at_errors)
    try:
        return shell.run(parse(text), process.stdin, process.out, process.err)
    except NotInThisShell as error:
        return process.refuse(str(error))
    except ShellSyntaxError as error:
        process.complain(f"{process.name}: syntax error: {error}")
        return 2
    except _Exit as end:
        return end.code
    finally:
        process.machine.env = outer_env


@dataclass
class _Streams:
    stdin: Stdin
    out: Write
    err: Write


@dataclass
class _Shell:
    """One script while it runs."""

    process: Process
    start: Start
    variables: dict[str, str]
    positional: list[str]
    stops_at_errors: bool = False
    status: int = 0
    exported: set[str] = field(default_factory=set)
    functions: dict[str, CommandGroup] = field(default_factory=dict)
    depth: int = 0

    def run(self, sequence: Sequence, stdin: Stdin, out: Write, err: Write, *, tested: bool = False) -> int:
        """The pipelines in order; ``&&`` and ``||`` look at the one before."""
        streams = _Streams(stdin, out, err)
        for number, (joint, pipeline) in enumerate(sequence.items):
            if (joint == "&&" and self.status != 0) or (joint == "||" and self.status == 0):
                continue
            self.status = self._pipeline(pipeline, streams)
            followed = number + 1 < len(sequence.items) and sequence.items[number + 1][0] in ("&&", "||")
            if self.stops_at_errors and self.status and not (tested or followed or pipeline.negated):
                raise _Exit(self.status)
        return self.status

    def _pipeline(self, pipeline: Pipeline, streams: _Streams) -> int:
        stdin = streams.stdin
        code = 0
        for place, command in enumerate(pipeline.commands):
            if place + 1 == len(pipeline.commands):
                code = self._command(command, _Streams(stdin, streams.out, streams.err))
            else:
                buffer: list[str] = []
                self._command(command, _Streams(stdin, self.process.machine.collect(buffer), streams.err))
                stdin = Stdin.of("".join(buffer))
        return int(code == 0) if pipeline.negated else code

    def _command(self, command: Command, streams: _Streams) -> int:
        self.process.machine.spend(COMMAND_WORK)
        if isinstance(command, Simple):
            return self._simple(command, streams)
        if isinstance(command, For):
            return self._for(command, streams)
        if isinstance(command, If):
            return self._if(command, streams)
        if isinstance(command, While):
            return self._while(command, streams)
        if isinstance(command, syntax.FunctionDefinition):
            self.functions[command.name] = command.body
            return 0
        return self._group(command, streams)

    def _group(self, group: CommandGroup, streams: _Streams) -> int:
        redirected = self._redirect(group.redirections, streams)
        return 1 if redirected is None else self.run(group.body, redirected.stdin, redirected.out, redirected.err)

    def _for(self, loop: For, streams: _Streams) -> int:
        self.status = 0
        for value in [text for word in loop.words for text in self._fields(word, streams)]:
            self.variables[loop.name] = value
            self.run(loop.body, streams.stdin, streams.out, streams.err)
        return self.status

    def _while(self, loop: While, streams: _Streams) -> int:
        code = 0
        for _ in range(_MOST_ROUNDS):
            met = self.run(loop.condition, streams.stdin, streams.out, streams.err, tested=True) == 0
            self.status = 0
            if met != loop.wanted:
                return code
            code = self.run(loop.body, streams.stdin, streams.out, streams.err)
        raise Stopped(f"more than {_MOST_ROUNDS} rounds")

    def _if(self, choice: If, streams: _Streams) -> int:
        for condition, body in choice.branches:
            if self.run(condition, streams.stdin, streams.out, streams.err, tested=True) == 0:
                self.status = 0
                return self.run(body, streams.stdin, streams.out, streams.err)
        self.status = 0
        if choice.otherwise is not None:
            return self.run(choice.otherwise, streams.stdin, streams.out, streams.err)
        return 0

    # -- simple commands -------------------------------------------------------------------------

    def _simple(self, command: Simple, streams: _Streams) -> int:
        self.status_of_expansion = 0
        argv = [text for word in command.words for text in self._fields(word, streams)]
        values = {name: self._text(word, streams) for name, word in command.assignments}
        redirected = self._redirect(command.redirections, streams)
        if redirected is None:
            return 1
        if not argv:
            self.variables.update(values)
            return self.status_of_expansion
        builtin = _BUILTINS.get(argv[0])
        if builtin is not None:
            return builtin(self, argv, redirected)
        if argv[0] in self.functions:
            return self._call(argv, redirected)
        return self._program(argv, values, redirected)

    status_of_expansion: int = 0
    """Exit code of the last ``$(…)``: what an assignment leaves behind."""

    def _call(self, argv: list[str], streams: _Streams) -> int:
        """A function sees its own words as ``$1``, ``$2``; every other variable is the script's."""
        outer, self.positional = self.positional, [self.positional[0], *argv[1:]]
        try:
            return self._inside(self.functions[argv[0]].body, streams)
        finally:
            self.positional = outer

    def _inside(self, body: Sequence, streams: _Streams) -> int:
        """A function, or another file, up to its end or its ``return``."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotInThisShell("a script so deep inside scripts")
        try:
            return self.run(body, streams.stdin, streams.out, streams.err)
        except _Return as end:
            return end.code
        finally:
            self.depth -= 1

    def _program(self, argv: list[str], values: dict[str, str], streams: _Streams) -> int:
        machine = self.process.machine
        outer = machine.env
        inherited = {name: self.variables[name] for name in (*outer, *sorted(self.exported)) if name in self.variables}
        machine.env = {**inherited, "SHLVL": outer.get("SHLVL", "1"), **values}
        try:
            return self.start(Process(machine, tuple(argv), streams.stdin, streams.out, streams.err))
        except ProgramNotFound:
            streams.err(f"{self.process.name}: {argv[0]}: not found\n")
            return 127
        finally:
            machine.env = outer

    def _redirect(self, redirections: tuple[Redirection, ...], streams: _Streams) -> _Streams | None:
        """Apply redirections from left to right; None after complaining about one."""
        result = _Streams(streams.stdin, streams.out, streams.err)
        for each in redirections:
            target = self._text(each.target, streams) if each.target else ""
            if each.operator == "<":
                text = read_file(self.process.machine, target)
                if text is None:
                    streams.err(f"{self.process.name}: can't open {target}: no such file\n")
                    return None
                result.stdin = Stdin.of(text)
                continue
            if each.operator in ("<<", "<<<"):
                result.stdin = Stdin.of(target + ("\n" if each.operator == "<<<" else ""))
                continue
            if each.operator == ">&" and target in ("1", "2"):
                write = result.out if target == "1" else result.err
            else:
                write = self._file(target, append=each.operator == ">>")
            if each.stream == "2":
                result.err = write
            else:
                result.out = write
            if each.operator == "&>" or (each.operator == ">&" and target not in ("1", "2")):
                result.out = result.err = write
        return result

    def _file(self, path: str, *, append: bool) -> Write:
        """Files last as long as the command line that writes them."""
        files, path = self.process.machine.files, path.removeprefix("./")
        if path == "/dev/null":
            return lambda text: None
        if path in ("/dev/stderr", "/dev/stdout"):
            return self.process.err if path == "/dev/stderr" else self.process.out
        if not append or path not in files:
            files[path] = ""

        def write(text: str) -> None:
            self.process.machine.spend(len(text))
            files[path] += text

        return write

    # -- words -----------------------------------------------------------------------------------

    def _fields(self, word: Word, streams: _Streams) -> list[str]:
        """A word expanded: unquoted expansions are split at white space, quoted ones are not.

        A pattern such as ``*.yaml`` stands for the files of a student's folder; a pod has no folder to look in.
        """
        if self.process.name == "bash" and (numbers := re.fullmatch(r"\{(\d{1,4})\.\.(\d{1,4})\}", word.bare)):
            first, last = int(numbers[1]), int(numbers[2])
            step = 1 if first <= last else -1
            self.process.machine.spend(len("1234 ") * abs(last - first))
            return [str(number) for number in range(first, last + step, step)]
        machine = self.process.machine
        if machine.own and set("*?") & set(word.bare) and (names := fnmatch.filter(sorted(machine.files), word.bare)):
            return names
        fields: list[str] = []
        open_field = False
        for part in word.parts:
            text = self._part(part, streams)
            if part.kind == "text" or part.quoted:
                if open_field:
                    fields[-1] += text
                else:
                    fields.append(text)
                open_field = True
                continue
            pieces = text.split()
            if not pieces:
                continue
            if open_field and not text[:1].isspace():
                fields[-1] += pieces.pop(0)
            fields += pieces
            open_field = not text[-1:].isspace()
        return fields

    def _text(self, word: Word, streams: _Streams) -> str:
        """A word expanded without splitting, as in an assignment."""
        return "".join(self._part(part, streams) for part in word.parts)

    def _part(self, part: Part, streams: _Streams) -> str:
        if part.kind == "text":
            return part.value
        if part.kind == "variable":
            value = self._value(part.value)
            self.process.machine.spend(len(value))
            return value
        buffer: list[str] = []
        inner = replace(
            self, variables=dict(self.variables), exported=set(self.exported), functions=dict(self.functions)
        )
        try:
            write = self.process.machine.collect(buffer)
            self.status_of_expansion = inner.run(parse(part.value), streams.stdin, write, streams.err)
        except _Exit as end:
            self.status_of_expansion = end.code
        return "".join(buffer).rstrip("\n")

    def _value(self, name: str) -> str:
        if name == "?":
            return str(self.status)
        if name.isdecimal():
            return self.positional[int(name)] if int(name) < len(self.positional) else ""
        return self.variables.get(name, "")


# -- builtins --------------------------------------------------------------------------------------

_Builtin = Callable[[_Shell, list[str], _Streams], int]


def _exit(shell: _Shell, argv: list[str], streams: _Streams) -> int:
    """``exit`` and ``return``."""
    code = argv[1] if len(argv) > 1 else str(shell.status)
    number = whole(code)
    if number is None:
        streams.err(f"sh: {argv[0]}: Illegal number: {code}\n")
        raise _Exit(2)
    raise (_Exit if argv[0] == "exit" or not shell.depth else _Return)(number % 256)


def _read_script(shell: _Shell, argv: list[str], streams: _Streams) -> int:
    """``. FILE`` and ``source FILE``: what the file sets stays set."""
    text = read_file(shell.process.machine, argv[1]) if len(argv) > 1 else None
    if text is None:
        streams.err(f"{shell.process.name}: {' '.join(argv)}: No such file or directory\n")
        return 1
    return shell._inside(parse(text), streams)


def _export(shell: _Shell, argv: list[str], streams: _Streams) -> int:
    for word in argv[1:]:
        name, sign, value = word.partition("=")
        if sign:
            shell.variables[name] = value
        shell.exported.add(name)
    return 0


def _set(shell: _Shell, argv: list[str], streams: _Streams) -> int:
    for word in argv[1:]:
        if word not in ("-e", "+e"):
            raise NotInThisShell(f"set {word}")
        shell.stops_at_errors = word == "-e"
    return 0


def _command_v(shell: _Shell, argv: list[str], streams: _Streams) -> int:
    if len(argv) != 3 or argv[1] != "-v":
        raise NotInThisShell("command without -v")
    found = shell.process.machine.tools.has(argv[2])
    if found:
        streams.out(f"{argv[2]}\n")
    return 0 if found else 127


def _colon(shell: _Shell, argv: list[str], streams: _Streams) -> int:
    return 0


def _refused(shell: _Shell, argv: list[str], streams: _Streams) -> int:
    raise NotInThisShell(argv[0])


_BUILTINS: dict[str, _Builtin] = {
    ":": _colon,
    "exit": _exit,
    "return": _exit,
    ".": _read_script,
    "source": _read_script,
    "export": _export,
    "set": _set,
    "command": _command_v,
    **dict.fromkeys(("cd", "read", "eval", "exec", "trap", "wait", "break", "continue", "time"), _refused),
    **dict.fromkeys(("local", "shift", "unset", "alias", "type", "ulimit", "umask"), _refused),
}
