"""A lab's real cluster: read for each view, and stood beside while the student's own kubectl works on it."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from netpol_lab.cluster.handle import SimulatedCluster
from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections import Flow
from netpol_lab.connections.probed import Probed
from netpol_lab.connections.story import Timeline
from netpol_lab.engine.profiles import profile_named
from netpol_lab.kubectl.writing import last_applied
from netpol_lab.lab.live import starts
from netpol_lab.lab.live.canary import Proof, run_canary
from netpol_lab.lab.live.doubles import Doubles, doubles
from netpol_lab.lab.live.own_kubectl import KubectlSaid, LiveError, OwnKubectl, Staying
from netpol_lab.lab.live.own_objects import OwnObjects
from netpol_lab.lab.live.place import ClusterPlace, confirm, current_place
from netpol_lab.lab.live.predicted import Prediction, effect_of_line, takes_stdin
from netpol_lab.lab.live.probing import probe
from netpol_lab.lab.live.reading import Observation, other_policy_kinds, read_cluster
from netpol_lab.lab.live.waiting import LIMIT, MACHINE, Clock, is_ending, wait_until
from netpol_lab.model.bodies import Key
from netpol_lab.model.objects import Pod, Resource
from netpol_lab.pods import ProgramResult, is_for_the_cluster
from netpol_lab.pods.process import Chunk

READS = frozenset(
    {
        *("api-resources", "api-versions", "auth", "cluster-info", "completion", "cp", "describe", "diff", "events"),
        *("exec", "explain", "get", "help", "logs", "options", "plugin", "top", "version"),
        *("wait", "attach"),
    }
)
"""The verbs after which the objects are as they were."""

STAYING = frozenset({"port-forward", "proxy"})
"""The verbs whose lines do not end by themselves, and are of use while they run."""

WATCHES = {"get": ("-w", "-wA", "-Aw", "--watch", "--watch=true", "--watch-only"), "logs": ("-f", "--follow")}
"""Verb -> the words with which its lines go on until somebody stops them: a notebook's next cell would never run."""

SECONDS_TO_WATCH = 10
SECONDS_TO_START = 5
SECONDS_TO_EXEC = 20

SECONDS_FOR_POLICIES = 2.0
"""How long a plugin is given to program a change of policies or labels, until the canary has measured it."""

MOST_NOTES = 5


class RealCluster:
    """One cluster, and what was read of it. ``notes`` say what is not in the state, or not certain."""

    def __init__(
        self, kubectl: OwnKubectl, place: ClusterPlace, number: str, profile: str, clock: Clock = MACHINE
    ) -> None:
        self.kubectl, self.place, self.number, self.clock = kubectl, place, number, clock
        self.profile = profile_named(profile)
        self.seconds_for_policies = SECONDS_FOR_POLICIES
        self.notes: tuple[str, ...] = ()
        self._told: set[str] = set()
        self._written: dict[Key, Resource] = {}
        self._others = self._policy_kinds()
        self._staying: list[Staying] = []
        self._lock = threading.RLock()

    @classmethod
    def open(cls, number: str, asked: bool | str, profile: str, folder: Path) -> RealCluster:
        """The cluster of kubectl's current context, once it was confirmed. Raises :class:`LiveError`."""
        place = current_place(OwnKubectl())
        confirm(place, asked, folder)
        return cls(OwnKubectl(place.context), place, number, profile)

    def _policy_kinds(self) -> list[str]:
        try:
            return other_policy_kinds(self.kubectl)
        except LiveError:
            self._told.add("kinds")
            return []

    # -- reading ---------------------------------------------------------------------------------

    def observe(self) -> Observation:
        """Read the cluster now."""
        found = read_cluster(self.kubectl, self.profile, self._others, f"student-{self.number}")
        self.notes = found.notes
        if "kinds" in self._told:
            self.notes += ("Which policy kinds of others are installed could not be read.",)
        return found

    def look(self, cluster: SimulatedCluster, story: Timeline, command: str = "") -> None:
        """Bring a lab's cluster and its story up to what is there now."""
        with self._lock:
            state = self._with_lines(self.observe().state)
            cluster.restore(state)
            story.record(command or "(somebody else, or a controller)", state)

    def _with_lines(self, state: Snapshot) -> Snapshot:
        """The state with the lines of the student's files, where an object says what its file said, and in their order
        where the cluster's clock, which counts seconds, knows none."""
        order = {key: place for place, key in enumerate(self._written)}

        def place(key: Key) -> tuple[str, int]:
            pod = state.objects[key].typed
            owner = tuple(pod.owner.split("/")) if isinstance(pod, Pod) and pod.owner else ()
            made_of = (owner[0], key[1], owner[1]) if owner else key
            created = state.objects[key].body["metadata"].get("creationTimestamp")
            return str(created), order.get(made_of, len(order))

        if order:
            state = replace(state, objects_by_key={key: state.objects[key] for key in sorted(state.objects, key=place)})
        found = []
        for key, written in self._written.items():
            read = state.objects.get(key)
            if read is not None and read.typed is not None and read.typed == written.typed:
                found.append(replace(read, typed=written.typed, origin=written.origin))
        return state.with_objects(found)

    def new_notes(self) -> list[str]:
        """The notes that were not told yet, the first few of them."""
        new = [each for each in self.notes if each not in self._told]
        self._told.update(new)
        more = [f"and {len(new) - MOST_NOTES} more: lab.live_notes()"] if len(new) > MOST_NOTES else []
        return new[:MOST_NOTES] + more

    # -- beside the student's lines --------------------------------------------------------------

    def beside(
        self,
        cluster: SimulatedCluster,
        story: Timeline,
        program: str,
        words: list[str],
        cwd: str,
        own: Callable[[], int],
        say: Callable[[str], None],
        stdin: Callable[[], str],
    ) -> int:
        """Let the student's own program run its line; wait for what the line leads to, and note the moment.

        ``own`` runs it and returns its exit code, ``say`` writes to its stderr, ``stdin`` reads what it is fed, before
        it runs. Whatever goes wrong here is said, and the exit code is the program's.
        """
        if program != "kubectl":
            return self._curl(cluster, words, own, say)
        verb = next((word for word in words if not word.startswith("-")), "")
        if verb in STAYING:
            return self._in_background(words, cwd, say)
        if any(word in WATCHES.get(verb, ()) for word in words):
            return self._watched(words, cwd, say)
        given = stdin() if takes_stdin(words) else ""
        effect = effect_of_line(_without_ending(cluster.snapshot()), words, given, cwd, self.place.namespace)
        reads = verb in READS
        if not reads:
            wait_until(self.kubectl, (), _in_the_way(cluster, effect), _noted(say), self.clock)
        code = own()
        with self._lock:
            story.now.attempts.extend(effect.attempts)
            self._written |= {each.key: each for each in effect.written if not code}
        if reads:
            return code
        try:
            self._settle(effect, code, _noted(say))
            self.look(cluster, story, shlex.join([program, *words]))
        except LiveError as error:
            say(f"live: {error}\n")
        self._other_context(verb, say)
        return code

    def run(self, cluster: SimulatedCluster, story: Timeline, words: list[str], stdin: str, cwd: str) -> ProgramResult:
        """Run one kubectl line from Python, as :meth:`beside` does for one of the shell."""
        chunks: list[Chunk] = []

        def own() -> int:
            said = self.kubectl.say(*words, stdin=stdin, seconds=LIMIT, cwd=cwd)
            chunks.extend((("stdout", said.stdout), ("stderr", said.stderr)))
            return said.exit_code

        def say(text: str) -> None:
            chunks.append(("stderr", text))

        code = self.beside(cluster, story, "kubectl", words, cwd, own, say, lambda: stdin)
        return ProgramResult(tuple(each for each in chunks if each[1]), code)

    def _curl(
        self, cluster: SimulatedCluster, words: list[str], own: Callable[[], int], say: Callable[[str], None]
    ) -> int:
        """curl on this machine; in the lessons such a line is typed on a node."""
        if is_for_the_cluster(cluster, ["curl", *words]):
            say(
                f"live: skipped: {shlex.join(['curl', *words])}. In this lesson it runs on a node of the cluster. This "
                "machine is none; `kubectl exec` into a pod asks from inside.\n"
            )
            return 0
        return own()

    def _in_background(self, words: list[str], cwd: str, say: Callable[[str], None]) -> int:
        """Start a line that would stay until it is interrupted; it ends with the lab."""
        process = self.kubectl.start(*words, cwd=cwd)
        self._staying.append(process)
        for _ in range(SECONDS_TO_START):
            self.clock.sleep(1.0)
            if process.said() or process.ended() is not None:
                break
        say(process.said())
        code = process.ended()
        if code is None:
            say("live: it goes on in the background until the lab is closed.\n")
        return code or 0

    def _watched(self, words: list[str], cwd: str, say: Callable[[str], None]) -> int:
        """Let a line watch for a while, and stop it as Ctrl-C would."""
        process = self.kubectl.start(*words, cwd=cwd)
        for _ in range(SECONDS_TO_WATCH):
            self.clock.sleep(1.0)
            if process.ended() is not None:
                break
        code = process.ended()
        say(process.said())
        process.end()
        if code is None:
            say(f"live: stopped after {SECONDS_TO_WATCH} s: by itself it would go on, and the next cell would wait.\n")
        return code or 0

    def exec(self, pod: Pod, words: Sequence[str]) -> KubectlSaid:
        """Run a program in a pod."""
        return self.kubectl.say("exec", pod.name, f"--namespace={pod.namespace}", "--", *words, seconds=SECONDS_TO_EXEC)

    def start(self, pod: Pod, words: Sequence[str]) -> Staying:
        """Start a program in a pod, and leave it running."""
        return self.kubectl.start("exec", pod.name, f"--namespace={pod.namespace}", "--", *words)

    # -- what the lab itself writes --------------------------------------------------------------

    @property
    def own(self) -> OwnObjects:
        """The lab's own objects on this cluster."""
        return OwnObjects(self.kubectl, self.place, self.number, self.clock)

    def canary(self, say: Callable[[str], None]) -> Proof:
        """Prove what the cluster enforces, and take over the profile and the time that it takes."""
        namespace = f"netpol-lab-{self.number}"
        own = self.own
        own.make_namespace(namespace)
        try:
            ready = [("Namespace", "", namespace)]
            wait_until(self.kubectl, ready, (), say, self.clock)
            proof = run_canary(self.kubectl, own, self.exec, self.start, namespace, self.clock, say)
        finally:
            own.clean(say)
        self.profile = proof.profile
        self.seconds_for_policies = max(SECONDS_FOR_POLICIES, proof.seconds + 1)
        return proof

    def probe(self, state: Snapshot, flows: Sequence[Flow], say: Callable[[str], None]) -> tuple[list[Probed], bool]:
        """Make connections that were predicted on ``state``; see :func:`netpol_lab.lab.live.probing.probe`."""

        def doubles_of(pods: Sequence[Pod]) -> AbstractContextManager[Doubles]:
            return doubles(self.kubectl, self.own, state, pods, say, self.clock)

        def pause() -> None:
            self.clock.sleep(self.seconds_for_policies)

        return probe(self.exec, flows, lambda: self.observe().state, say, pause, doubles_of)

    def begin(self, cluster: SimulatedCluster, start: Snapshot, say: Callable[[str], None]) -> None:
        """Put the start of an exercise there, see :mod:`netpol_lab.lab.live.starts`."""
        starts.begin(self.own, start, say)
        written = [each for each in start.objects.values() if last_applied(each.body) is not None]
        with self._lock:
            self._written = {each.key: each for each in written}
        wait_until(self.kubectl, list(self._written), (), say, self.clock)
        self.clock.sleep(self.seconds_for_policies)
        cluster.restore(self._with_lines(self.observe().state))

    def close(self) -> None:
        """End what was started in the background."""
        for process in self._staying:
            process.end()
        self._staying.clear()

    def _settle(self, effect: Prediction, code: int, say: Callable[[str], None]) -> None:
        if code:  # what was not done is not waited for
            return
        wait_until(self.kubectl, effect.there, effect.gone, say, self.clock)
        if effect.network:
            self.clock.sleep(self.seconds_for_policies)

    def _other_context(self, verb: str, say: Callable[[str], None]) -> None:
        if verb != "config":
            return
        now = current_place(OwnKubectl())
        if (now.context, now.server) != (self.place.context, self.place.server):
            say(f"live: kubectl now goes to {now}; this lab still shows {self.place}.\n")


def _noted(say: Callable[[str], None]) -> Callable[[str], None]:
    return lambda text: say(f"live: {text}")


def _without_ending(state: Snapshot) -> Snapshot:
    """The state without what is ending: for whoever makes something new of that name it is not there."""
    ending = {key for key, each in state.objects.items() if is_ending(each.body)}
    spaces = {name for kind, _, name in ending if kind == "Namespace"}
    return state.without([*ending, *(key for key in state.objects if key[1] in spaces)])


def _in_the_way(cluster: SimulatedCluster, effect: Prediction) -> list[Key]:
    """What is still ending under a name that the line gives anew, or around it."""
    names = {*effect.there, *(("Namespace", "", key[1]) for key in effect.there if key[1])}
    return [key for key in names if (found := cluster.objects.get(key)) and is_ending(found.body)]
