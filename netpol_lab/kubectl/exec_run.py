"""``kubectl exec`` and ``kubectl run``: programs in pods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from netpol_lab.cluster.ending import end_containers
from netpol_lab.cluster.listening import SHELL_IMAGES, is_running, repository
from netpol_lab.kubectl import writing as changes
from netpol_lab.kubectl.create import pod_manifest, resource_of, service_for
from netpol_lab.kubectl.delete import delete
from netpol_lab.kubectl.failure import Failure, from_server, usage
from netpol_lab.kubectl.lookup import first_pod, get, not_found
from netpol_lab.kubectl.output import print_change, split_format
from netpol_lab.kubectl.resources import metadata, type_of_kind
from netpol_lab.kubectl.serialize import plain
from netpol_lab.kubectl.session import Call
from netpol_lab.manifests.decode import typed
from netpol_lab.model.bodies import ReadOnlyBody
from netpol_lab.pods import ProgramResult, run_in_pod

_POD = type_of_kind("Pod")

_RECORDED = (
    "All commands and output from this session will be recorded in container logs, including credentials and sensitive"
    " information passed through the command prompt."
)

_NO_TERMINAL = "Unable to use a TTY - input is not a terminal or the right kind of file"
_NOT_ATTACHED = (
    "warning: couldn't attach to pod/{name}, falling back to streaming logs: unable to upgrade connection: rpc error:"
    " code = InvalidArgument desc = tty and stderr cannot both be true"
)
_ENDS = ("wget", "curl", "nslookup", "echo")
"""Programs that end by themselves, whatever their options."""
_START_SECONDS = 1.0
"""How long a simulated image pull and container start take."""


def run_exec(call: Call) -> int:
    """Run a command in a container; the exit code is the command's."""
    if call.command is None and len(call.args) > 1:
        raise usage("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead", "exec")
    if not call.args:
        raise usage("pod, type/name or --filename must be specified", "exec")
    if not call.command:
        raise Failure("you must specify at least one command for the container")
    name = first_pod(call, call.args[0])
    body = get(call, _POD, call.namespace, name)
    if body is None:
        raise not_found(call, _POD, name)
    phase = (body.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise Failure(f"cannot exec into a container in a completed pod; current phase is {phase}")
    container = container_of(call, body, say=not call.flag("quiet"))
    if phase == "Pending" or not is_running(body, container):
        hint = "its program ended: a shell without a command has nothing to do. Give the pod one, as -- sleep 3600"
        hints = [hint] if phase == "Running" else []
        raise Failure(f'unable to upgrade connection: container not found ("{container}")', hints=hints)
    if call.flag("tty") and not call.has_terminal:
        call.warn(_NO_TERMINAL)
    result = _program(call, name, call.command, container)
    if result.exit_code and result.started:
        call.warn(f"command terminated with exit code {result.exit_code}")
    return result.exit_code


def container_of(call: Call, body: ReadOnlyBody, *, say: bool) -> str:
    """The container ``-c`` names, or the first. Raises :class:`Failure`; says which one was taken of several."""
    names = [str(container.get("name")) for container in (body.get("spec") or {}).get("containers") or ()]
    wanted = str(call.flag("container"))
    if wanted and wanted not in names:
        raise from_server("BadRequest", f"container {wanted} is not valid for pod {metadata(body)['name']}")
    if not wanted and len(names) > 1 and say:
        call.warn(f'Defaulted container "{names[0]}" out of: {", ".join(names)}')
    return wanted or names[0]


def _program(call: Call, pod_name: str, command: Sequence[str], container: str = "") -> ProgramResult:
    """Run a program in a pod, show what it prints, and let its time pass."""
    pod = call.cluster.pod(call.namespace, pod_name)
    assert pod is not None
    session = call.session
    result = run_in_pod(
        call.cluster,
        pod,
        command,
        call.read_stdin if call.flag("stdin") else lambda: "",
        session.record,
        container=container or None,
        attempts=session.dialed,
        access=session.access,
        files=session.files.setdefault(str(pod.ip), {}),
    )
    call.chunks += result.chunks
    call.cluster.advance(result.seconds)
    return result


def run_run(call: Call) -> int:
    """Create a pod that runs an image; with -i or -t wait for its command and show what it prints."""
    name, manifest = _pod_to_run(call)
    if call.flag("expose") and not call.flag("port"):
        raise usage("--port must be set when exposing a service", "run")
    resource = resource_of(call, manifest)
    attached = call.flag("stdin") or call.flag("tty") or call.flag("attach")
    if call.flag("rm") and not attached:
        raise usage("--rm should only be used for attached containers", "run")
    if changes.dry_run(call) != "none":
        if attached:
            raise Failure(
                "--dry-run="
                + changes.dry_run(call)
                + " can't be used with attached containers options (--attach, --stdin, or --tty)"
            )
        print_change(
            call, _POD, changes.create(call, resource) if changes.dry_run(call) == "server" else manifest, "created"
        )
        return 0
    created = changes.create(call, resource)
    if call.flag("expose"):
        _expose(call, created)
    call.cluster.advance(_START_SECONDS)
    command = _what_runs(call, created)
    if attached and (created.get("status") or {}).get("phase") == "Pending":
        call.cluster.advance(60)
        if call.flag("rm"):
            delete(call, _POD, created)
        raise Failure("timed out waiting for the condition", hints=[f"the image {call.flag('image')} cannot be pulled"])
    if not attached:
        print_change(call, _POD, created, "created")
        _run_to_the_end(call, name, command)
        return 0
    return _attached(call, name, command)


def _pod_to_run(call: Call) -> tuple[str, ReadOnlyBody]:
    if not call.args:
        raise usage("NAME is required for run", "run")
    if not call.flag("image"):
        raise Failure('required flag(s) "image" not set')
    restart = call.flag("restart") or "Always"
    if restart not in ("Always", "OnFailure", "Never"):
        raise usage(f"invalid restart policy: {restart}", "run")
    split_format(call, table_allowed=False)
    return call.args[0], pod_manifest(call, restart)


def _expose(call: Call, pod: ReadOnlyBody) -> None:
    service = service_for(call, type_of_kind("Pod"), pod, port=call.flag("port"))
    print_change(call, type_of_kind("Service"), changes.create(call, resource_of(call, service)), "created")


def _what_runs(call: Call, pod: ReadOnlyBody) -> tuple[str, ...]:
    """The words that the first container runs: its command and args; () for the image's own server."""
    container = pod["spec"]["containers"][0]
    words = tuple(str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ())))
    if words:
        return words
    return ("sh",) if repository(str(container.get("image", ""))) in SHELL_IMAGES else ()


def _attached(call: Call, name: str, command: Sequence[str]) -> int:
    """What ``run -i`` does after the pod has started."""
    without = call.flag("tty") and not call.has_terminal
    if without:
        call.warn(_NO_TERMINAL)
    if not command:
        call.warn("note: the image's server runs in the pod; kubectl would show its output until you press Ctrl-C")
        exit_code = 0
    else:
        if not call.flag("quiet"):
            call.warn(_RECORDED)
            call.warn("If you don't see a command prompt, try pressing enter.")
        if without:
            call.warn(_NOT_ATTACHED.format(name=name))
        exit_code = _program(call, name, command).exit_code
    kind_and_body = get(call, _POD, call.namespace, name)
    assert kind_and_body is not None
    # Only a pod that is not started again has an exit code that kubectl waits for.
    waits = call.flag("restart") in ("Never", "OnFailure")
    if call.flag("tty") and not without and not waits:
        again = f"kubectl attach {name} -c {name} -n {call.namespace} -i -t"
        call.print(f"Session ended, resume using '{again}' command")
    if waits and command:
        _finish(call, name, exit_code, "")
    if call.flag("rm"):
        delete(call, _POD, kind_and_body)
    if not waits or not exit_code:
        return 0
    call.warn(f"pod {call.namespace}/{name} terminated (Error)")
    return exit_code


def _run_to_the_end(call: Call, name: str, command: Sequence[str]) -> None:
    """A pod that is not attached runs all the same; what it prints is kept for ``kubectl logs``."""
    ends = call.flag("restart") in ("Never", "OnFailure") or (command and command[0] in _ENDS)
    if not ends or not command or command == ("sh",) or "sleep" in command[0]:
        return
    shown = len(call.chunks)
    exit_code = _program(call, name, command).exit_code
    text = "".join(text for _, text in call.chunks[shown:])
    del call.chunks[shown:]
    _finish(call, name, exit_code, text)


def _finish(call: Call, name: str, exit_code: int, text: str) -> None:
    """Let the program of a pod end, and keep what it printed."""
    resource = call.cluster.get("Pod", call.namespace, name)
    assert resource is not None
    body = plain(resource.body)
    end_containers(body, [each["name"] for each in body["spec"]["containers"]], exit_code, call.cluster.now)
    call.cluster.put(replace(resource, body=body, typed=typed(body, None)))
    call.session.logs[(call.namespace, name)] = text
