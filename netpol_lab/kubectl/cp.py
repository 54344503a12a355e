"""``kubectl cp``: one file into a container, or out of it. On a real cluster both need ``tar`` in the image."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from netpol_lab.kubectl.exec_run import container_of
from netpol_lab.kubectl.failure import Failure, not_simulated, usage
from netpol_lab.kubectl.file_arguments import read_text_file
from netpol_lab.kubectl.lookup import get, not_found
from netpol_lab.kubectl.resources import type_of_kind
from netpol_lab.kubectl.session import Call
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
        if Path(call.cwd, source).is_dir():
            raise not_simulated("kubectl cp with a folder", "copy the files one by one")
        text = read_text_file(call, source) if Path(call.cwd, source).exists() else None
        if text is None:
            raise Failure(f"{source} doesn't exist in local filesystem")
        files[_absolute(path, Path(source).name)] = text
        return 0
    text = file_in_pod(call.cluster, pod, path, container, files)
    if text is None:
        raise Failure(f"tar: {path.lstrip('/')}: Cannot stat: No such file or directory\nerror: {path} no such file")
    if path.startswith("/"):
        call.warn("tar: Removing leading `/' from member names")
    wanted = Path(call.cwd, target)
    (wanted / PurePosixPath(path).name if wanted.is_dir() else wanted).write_text(text, encoding="utf-8")
    return 0


def _absolute(path: str, name: str) -> str:
    """The path in the container; a folder, written with a slash at its end or a known one, takes the file's name."""
    whole = path if path.startswith("/") else f"/{path}"
    return f"{whole.rstrip('/')}/{name}" if whole.endswith("/") or whole in ("/tmp", "/root", "/home") else whole
