"""The command line a student types: ``run(session, ["get", "pods"])`` does what kubectl does, on a simulated cluster.

The rooms: :mod:`arguments` reads flags, :mod:`verbs` is the table of what there is, one module a verb does it,
:mod:`output`, :mod:`columns` and :mod:`describe` print, :mod:`files` reads manifests, :mod:`changes` writes to the
cluster.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence

from netpol_lab.kubectl.session import Session
from netpol_lab.pods.process import ProgramResult

__all__ = ["Session", "run"]


def _no_stdin() -> str:
    return ""


def _no_special(name: str) -> bytes:
    raise OSError(errno.EINVAL, "not a regular file")


def run(
    session: Session,
    argv: Sequence[str],
    stdin: Callable[[], str] = _no_stdin,
    cwd: str = ".",
    special: Callable[[str], bytes] = _no_special,
    terminal: bool | None = None,
) -> ProgramResult:
    """Run one kubectl command line and return what it prints and its exit code. Never raises a LabError.

    ``argv`` are the words after ``kubectl``. ``stdin`` is called once, and only when the line reads standard input;
    ``cwd`` is the folder that relative file names start from. ``special`` reads a file that is no regular one (a pipe,
    a device) for the program that was started; it is called with the name as typed and raises OSError.
    ``terminal`` tells whether that program is at one; None for what the session says.
    One call lets a second of simulated time pass.

    >>> from netpol_lab.cluster.handle import SimulatedCluster as Cluster
    >>> session = Session(Cluster())
    >>> print(run(session, ["get", "namespaces", "-o", "name"]).stdout, end="")
    namespace/default
    namespace/kube-node-lease
    namespace/kube-public
    namespace/kube-system
    >>> run(session, ["get", "netpols"]).stderr.splitlines()[0]
    'error: the server doesn\\'t have a resource type "netpols"'
    """
    from netpol_lab.kubectl.arguments import Parsed
    from netpol_lab.kubectl.dispatch import answer
    from netpol_lab.kubectl.session import Call

    return answer(Call(session, "", Parsed((), None, {}), stdin, cwd, special, terminal), list(argv))
