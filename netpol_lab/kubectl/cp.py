"""``kubectl cp``: one file into a container, or out of it. On a real cluster both need ``tar`` in the image."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from netpol_lab.kubectl.exec_run import container_of
from netpol_lab.kubectl.failure import Failure, not_simulated, usage
from netpol_lab.kubectl.file_arguments import read_text_file
from netpol_lab.kubectl.lookup import get, not_found
from netpol_lab.kubectl.resources import type_of_kind
from netpol_lab.kubectl.session import Call
from netpol_lab.model.whole_files import write_whole
from netpol_lab.pods import file_in_pod

_POD = type_of_kind("Pod")


def run(call: Call) -> int:
    """Copy a file. Raises :class:`Failure` in kubectl's words, and for what is not simulated."""
    if len(call.args) != 2:
        raise usage("source and destination are required", "cp")
    source, target = call.args
    inside = [text for text in (source, target) if ":" in text]
    if len(inside) != 1:
        raise Failure("one of src or dest must be a local file specification")
    place, _, path = inside[0].partition(":")
    namespace, _, name = place.rpartition("/")
    if namespace:
        call.parsed.values["namespace"] = namespace
    body = get(call, _POD, call.namespace, name)
    if body is None:
        raise not_found(call, _POD, name)
    container = container_of(call, body, say=True)
    pod = call.cluster.pod(call.namespace, name)
    assert pod is not None
    files = call.session.files.setdefault(str(pod.ip), {})
    if inside[0] == target:
        if os.path.isdir(os.path.join(call.cwd, source)):
            raise not_simulated("kubectl cp with a folder", "copy the files one by one")
        if not os.path.exists(os.path.join(call.cwd, source)):  # which no name makes raise
            raise Failure(f"{source} doesn't exist in local filesystem")
        files[_absolute(path, Path(source).name)] = read_text_file(call, source)
        return 0
    text = file_in_pod(call.cluster, pod, path, container, files)
    if text is None:
        raise Failure(f"tar: {path.lstrip('/')}: Cannot stat: No such file or directory\nerror: {path} no such file")
    if path.startswith("/"):
        call.warn("tar: Removing leading `/' from member names")
    wanted = os.path.join(call.cwd, target)
    _write(Path(wanted, PurePosixPath(path).name if os.path.isdir(wanted) else ""), target, text)
    return 0


def _write(file: Path, shown: str, text: str) -> None:
    """Write a file, whole or not at all; never a pipe or a device. Raises :class:`Failure`."""
    try:
        if os.path.exists(file) and not file.is_file():
            raise Failure(f"open {shown}: not a regular file")
        write_whole(file, text)
    except OSError as error:
        raise Failure(f"open {shown}: {(error.strerror or 'cannot be written').lower()}") from None
    except ValueError:  # a name with a NUL
        raise Failure(f"open {shown}: invalid argument") from None


def _absolute(path: str, name: str) -> str:
    """The path in the container; a folder, written with a slash at its end or a known one, takes the file's name."""
    whole = path if path.startswith("/") else f"/{path}"
    return f"{whole.rstrip('/')}/{name}" if whole.endswith("/") or whole in ("/tmp", "/root", "/home") else whole
