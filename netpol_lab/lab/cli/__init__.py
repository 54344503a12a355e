"""The command `netpol-lab`: one subcommand per module of this folder.

To add one, write a module with a click command in the name ``command``, and a line in :data:`COMMANDS`. The module is
imported when its command is run, so `netpol-lab --help` stays quick however much a command needs. A command ends with
0; with 1 where it found what it looked for (``context.exit(1)``); with 2 where it was asked wrongly, as click has it.
What the library refuses (:class:`LabError`) is one sentence and 2, and so is a file that cannot be read or written.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

from netpol_lab import __version__
from netpol_lab.model.errors import LabError

COMMANDS = {
    "lab": ("lab_command", "Copy the notebooks into a folder of yours, and open them."),
    "class": ("class_command", "Serve a class from this machine: a JupyterLab for each student."),
    "bundle": ("bundle_command", "Fill a folder with all that an install without Internet needs."),
    "doctor": ("doctor_command", "Whether everything here is ready for the lessons."),
    "new-lab": ("new_lab_command", "Write a lesson of your own, which already builds."),
    "build-lab": ("build_lab_command", "Build your own lessons, and try them as a class would."),
    "present": ("present_command", "Open a lesson as slides in which every cell runs."),
    "rehearse": ("rehearse_command", "Run a lesson's cells before the class does, and compare."),
    "slides": ("slides_command", "Write decks of the lessons, for a room without a network."),
    "test": ("expect_command", "Whether manifests keep a table of expected connections."),
    "audit": ("audit_command", "What to know of policies before somebody else finds it."),
    "document": ("document_command", "A page about who may talk to whom, from the policies."),
    "board": ("board_command", "What a class did, from the records its students handed in."),
    "canary": ("canary_command", "Whether a real cluster enforces policies."),
    "dump": ("dump_command", "Print the kubectl line that dumps a cluster for this library."),
    "diff": ("diff_command", "What a change of manifests opens and closes."),
}
"""Each command, in the order of the help: the module it is in, and its help in one line."""


class Misused(click.ClickException):
    """What the library said, as click shows it."""

    exit_code = 2


class Commands(click.Group):
    """The subcommands, each imported when it is run."""

    def __init__(self, **settings: Any) -> None:
        stubs = {name: click.Command(name, short_help=help) for name, (_, help) in COMMANDS.items()}
        super().__init__(commands=stubs, **settings)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            found = importlib.import_module(f"{__name__}.{COMMANDS[name][0]}").command
        return name, found, rest

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LabError as error:
            raise Misused(str(error)) from None
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            raise Misused(f"{error.filename or 'a file'}: {error.strerror or error}") from None
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from netpol_lab.lab.unforeseen import sentence

            raise Misused(sentence(f"netpol-lab {ctx.invoked_subcommand}", error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="netpol-lab", message="%(prog)s %(version)s")
def main() -> None:
    """Kubernetes NetworkPolicy, judged on a simulated cluster. Only `canary` reaches a real one.

    MANIFESTS is a file; a folder, with the folders in it; a folder with a kustomization, which is built; or -
    for standard input. What is no manifest is passed over.
    """
