"""Everything there is to see of a lab: :class:`Views`.

Each view is drawn from the state or the story of the lab; none changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.coach.admit import smallest_change
from netpol_lab.coach.service_port import service_repair
from netpol_lab.coach.stop import smallest_stop
from netpol_lab.connections import Flow, connect_each, naming, standing
from netpol_lab.connections.scene import Scene, SceneNode, build, effect_of
from netpol_lab.connections.story import Moment, Timeline, policies_changed, with_visitors
from netpol_lab.engine.profiles import PROFILES
from netpol_lab.lab import notebook
from netpol_lab.lab.at_exercise import AtExercise
from netpol_lab.lab.clusters import Cluster
from netpol_lab.model.errors import NotFound
from netpol_lab.model.phrases import listed
from netpol_lab.tell.saying import line

if TYPE_CHECKING:
    from netpol_lab.display.card import Picture
    from netpol_lab.engine.compiled import Ends

AskedConnection = tuple[str, str, int] | tuple[str, str, int, str]
"""From, to, port, and (if not TCP) the protocol."""

MOST_CARDS = 60
"""More policies than this are too many to read."""

Which = int | str | Moment
"""A moment: its number, a part of its command, ``start`` or ``now``."""


class Views:
    """What a lab shows of its cluster, its story, and the exercise the student is at."""

    xx: str
    cluster: Cluster
    _story: Timeline
    _exercise: AtExercise

    def scene(self, at: Which = "now", *, visitors: bool = True) -> Scene:
        """One moment folded for looking at; with the pods that ``kubectl run --rm`` brought and took away again."""
        moment = self._story.moment(at)
        guests = self._story.visitors([moment]) if visitors else []
        return build(with_visitors(moment.state, guests))

    def matrix(self, port: int | None = None, protocol: str = "TCP", direction: Ends = "both") -> Picture:
        """Who can connect to whom: a pandas frame in ``.frame``, an accessible table in the notebook.

        ``port`` asks about one port; the frame then holds booleans. ``direction``: ``ingress``, ``egress`` or ``both``.
        """
        from netpol_lab.display import matrix

        port, protocol = naming.asked_port(port, protocol)
        return matrix.draw(self.scene(), port=port, protocol=protocol, direction=direction)

    def both_ends(self, port: int = 80, protocol: str = "TCP") -> Picture:
        """Three matrices side by side: egress at the source, ingress at the target, and the connection."""
        from netpol_lab.display import matrix

        return matrix.both_ends(self.scene(), *naming.asked_port(port, protocol))

    def graph(self, ask: Iterable[AskedConnection] = (), *, at: Which = "now") -> Picture:
        """Who can reach whom on the ports where something listens.

        Blocked lines are drawn for what you ``ask`` about, ``("client-07", "server-07", 80)``, and for the connections
        you tried since the last change.
        """
        from netpol_lab.display import graph

        scene = self.scene(at)
        tried = naming.blocked_by_policies(scene, [each.flow for each in self._story.moment(at).attempts])
        return graph.draw(scene, blocked=[*self._asked(scene, ask), *tried])

    def compare(self, before: Which | None = None, after: Which = "now", *, side_by_side: bool = False) -> Picture:
        """What changed between two moments, as a graph and a matrix.

        Without words: what the last step changed; at an exercise that was checked, what its answer changed.
        """
        from netpol_lab.display import card, delta, matrix

        last, _ = self._story.last_step()
        began = self._exercise.began(self._story) if before is None else None
        old, new = began or (last if before is None else self._story.moment(before)), self._story.moment(after)
        guests = self._story.visitors(self._story.between(old, new))
        scenes = [build(with_visitors(moment.state, guests)) for moment in (old, new)]
        start = began and began is not last and self._exercise.exercise
        first = f"Start of {start.id}" if start else f"Moment {old.number}"
        names = (first, f"moment {new.number}" + (f" ({new.command})" if new.command else ""))
        picture = delta.draw(*scenes, before_name=names[0], after_name=names[1], side_by_side=side_by_side)
        table = matrix.matrix_delta(*scenes, before_name=names[0], after_name=names[1])
        return card.stack([picture, table])

    def steps(
        self,
        to: str,
        port: int = 80,
        protocol: str = "TCP",
        *,
        sources: Sequence[str] | None = None,
        moments: Sequence[Which] | None = None,
        names: Sequence[str] = (),
    ) -> Picture:
        """The story in one picture: who reaches ``to`` at each step, drawn from the states themselves.

        ``names`` are the headings of the steps, for example ``["Allow all", "Default deny", "Allow specific"]``.

        Without ``moments``: each different set of policies since ``to`` exists. Without ``sources``: every pod of its
        namespace, the pods that tried it, and the outside.
        """
        from netpol_lab.display import strip

        number, protocol = naming.asked_port(port, protocol)
        chosen = [self._story.moment(m) for m in moments] if moments else self._story.policy_steps()
        guests = self._story.visitors(self._story.moments)
        scenes = [build(with_visitors(moment.state, guests)) for moment in chosen]
        pairs = [
            (moment, scene, node)
            for moment, scene in zip(chosen, scenes, strict=True)
            if (node := naming.node_named(scene, to, self._namespace))
        ]
        if not pairs:
            raise naming.not_shown(self.cluster, to, self._namespace)
        _, last, target = pairs[-1]
        ids = [self._node(last, name).id for name in sources] if sources else naming.around(last, target)
        titles = [*(names or ()), *[""] * len(pairs)]
        states = [moment.state for moment, _, _ in pairs]
        drawn = [strip.StripStep(titles[i], policies_changed(states, i), pair[1]) for i, pair in enumerate(pairs)]
        return strip.draw(drawn, ids, target.id, number or 80, protocol)

    def why(
        self, source: str, destination: str, port: int | None = None, protocol: str = "TCP", *, stop: bool = False
    ) -> Picture:
        """Why one connection passes or not: name, Service, egress, ingress, port; near misses; the smallest change.

        ``source`` is a pod or workload; ``destination`` may also be a Service, an address or a DNS name. ``port`` is
        the one the client would use; without it, the first port of the Service or the pod. Where the endpoints of a
        Service differ, a table of all of them follows. ``stop=True`` adds the smallest change that would stop a
        connection that passes.
        """
        from netpol_lab.display import card, why
        from netpol_lab.display import endpoints_table as endpoints

        state, flow = self._dial(source, destination, port, protocol)
        again = partial(self.why, source, destination, port, protocol, stop=stop)
        if held := self._withheld(state, flow, again):
            return self._exercise.locks.with_show_me(why.draw(flow, saw=self._story.saw(flow), withheld=held))
        verdict = flow.judged
        change = None
        if verdict is not None and (stop or not flow.connected):
            change = (smallest_stop if flow.connected else smallest_change)(state, verdict)
        change = change or service_repair(state, flow)
        picture = why.draw(flow, change=change, saw=self._story.saw(flow))
        each = connect_each(state, flow.source, flow.service, flow.port, protocol) if flow.service else []
        if flow.service is None or len({one.outcome for one in each}) < 2:
            return picture
        return card.stack([picture, endpoints.draw(flow.service, flow.source, flow.port, each)])

    def endpoints(self, service: str, source: str, port: int | None = None, protocol: str = "TCP") -> Picture:
        """What ``source`` meets behind a Service: one row per endpoint, and the share of requests that work.

        ``port`` is the Service's, its first one if not given. Raises NotFound for a Service that is not there.
        """
        from netpol_lab.display import endpoints_table as endpoints

        state = self._state_with_guests()
        origin = state.endpoint(source, self._namespace)
        found = naming.service_named(state, service, (getattr(origin, "namespace", ""), self._namespace, "default"))
        if found is None:
            raise NotFound(f"There is no Service {service!r} with a port.", "Service", service)
        port, protocol = naming.asked_port(port or found.ports[0].port, protocol)
        assert port is not None
        each = [self._shown(state, flow) for flow in connect_each(state, origin, found, port, protocol)]
        return endpoints.draw(found, origin, port, each)

    def packets(self, source: str, destination: str, port: int | None = None, protocol: str = "TCP") -> Picture:
        """One connection packet by packet, and where it is judged. The words are those of :meth:`why`.

        Raises LabError where no packet gets as far as a pod: a name that does not resolve, a Service without pods.
        """
        from netpol_lab.display import packets

        return packets.draw(self._shown(*self._dial(source, destination, port, protocol)))

    def hold(
        self, source: str | None = None, destination: str = "", port: int | None = None, protocol: str = "TCP"
    ) -> Picture:
        """Open a connection and keep it open while you change policies; without ends, see what has become of all.

        The ends are named as for :meth:`why`, and what cannot be opened is answered by it. Policies judge a connection
        when it is opened; what becomes of one that stands is left to the plugin (documentation, NetworkPolicy).
        """
        from netpol_lab.display import standing_table as table

        state = self.cluster.snapshot()
        if source is not None:
            flow = naming.flow(state, source, destination, port, protocol, self._namespace)
            if not flow.connected:
                return self.why(source, destination, port, protocol)
            self._story.hold(flow)
        held = [(standing(state, flow), moment.command) for flow, moment in self._story.held]
        return table.draw(held, self.cluster.profile)

    def _withheld(self, state: Snapshot, flow: Flow, again: Callable[[], Picture] | None = None) -> str:
        """Why the reasons of a connection are not told yet, "" where they are; ``again`` would tell them."""
        from netpol_lab.display import why

        lock = self._exercise.locks.on(state, flow.judged)
        return self._exercise.locks.held_back(lock, again or (lambda: why.draw(flow))) if lock else ""

    def _shown(self, state: Snapshot, flow: Flow) -> Flow:
        """A connection with what may be told of it."""
        return flow.without_near_misses() if self._withheld(state, flow) else flow

    def show_me(self, exercise: str | None = None) -> Picture:
        """What was withheld last, in full; or, with an exercise such as ``03-allow-specific/1``, what is about it.

        An exercise asks you to find out why a connection does not pass, or passes. Until its first check the reasons,
        remedies and advice about it are withheld. What was shown stays so. Raises NotFound for an exercise about which
        nothing was withheld.
        """
        return self._exercise.locks.show(exercise)

    def _dial(self, source: str, destination: str, port: int | None, protocol: str) -> tuple[Snapshot, Flow]:
        """The connection asked about, made in the present state."""
        state = self._state_with_guests()
        return state, naming.flow(state, source, destination, port, protocol, self._namespace)

    def _state_with_guests(self) -> Snapshot:
        """The present state, with the pods that tried something in it and are gone."""
        return with_visitors(self.cluster.snapshot(), self._story.visitors([self._story.now]))

    def plugins(
        self, source: str | None = None, destination: str = "", port: int | None = None, protocol: str = "TCP"
    ) -> Picture:
        """What each network plugin makes of one connection under the present policies: one row per profile.

        The ends are named as for :meth:`why`. Without them: how the plugins decide what the API leaves to them.
        """
        from netpol_lab.display import plugins_table as plugins

        if source is None:
            return plugins.points(tuple(PROFILES.values()))
        states = {each: replace(self._state_with_guests(), enforcement=each) for each in PROFILES.values()}
        ends = (source, destination, port, protocol, self._namespace)
        return plugins.draw({each: naming.flow(states[each], *ends) for each in states}, self.cluster.profile)

    def reach(self, source: str) -> Picture:
        """Everything one pod can reach: its blast radius, if it were taken over."""
        from netpol_lab.display import reach

        scene = self.scene()
        return reach.draw(scene, self._node(scene, source).id)

    def policies(self, namespace: str = "") -> Picture:
        """Each policy as sentences, with the pods it selects and the peers it resolves to now.

        ``namespace``: its policies alone. Raises NotFound for a namespace that has none.
        """
        from netpol_lab.display import card, policy_cards

        state = self.cluster.snapshot()
        policies = [each for each in state.policies if namespace in ("", each.namespace)]
        spaces = list(dict.fromkeys(each.namespace for each in state.policies))
        if namespace and not policies:
            raise NotFound(f"There is no policy in {namespace!r}. Policies are in: {listed(spaces) or 'no namespace'}.")
        if len(policies) > MOST_CARDS:
            title = line("policies.many", number=len(policies), namespaces=len(spaces))
            return card.told(title, "", [line("policies.too many", namespace=spaces[0])], state.caveats)
        scene = build(state)
        cards = [
            policy_cards.draw(
                scene,
                policy,
                **notebook.lines_of(policy),
                effect=effect_of(state, policy, scene),
                namespaces=state.namespaces,
                near=self._exercise.locks.on_policy(policy) is None,
            )
            for policy in policies
        ]
        return card.stack(cards) if cards else policy_cards.none(scene)

    def warnings(self) -> Picture:
        """What is legal in the policies and probably wrong: the line, what was meant, and the lesson about it."""
        from netpol_lab.display import advice_table as advice

        findings = self.cluster.warnings()
        locks = {
            each.policy.id: lock
            for each in findings
            if (lock := self._exercise.locks.on_policy(each.policy)) is not None
        }
        free = [each for each in findings if each.policy.id not in locks]
        lock = next(iter(locks.values()), None)
        held = (len(locks), self._exercise.locks.held_back(lock, self.warnings)) if lock else (0, "")
        return advice.draw(free, len(self.cluster.policies), self.cluster.caveats, held)

    def expect(self, file: str) -> Picture:
        """A table of expected connections against the policies as they are: held or broken, and who decides it.

        ``file`` is a YAML file in your folder; :mod:`netpol_lab.lessons.expectations` says how it is written.
        """
        from netpol_lab.display import expectations_table as table

        rows = [table.ToldRow(*each.told) for each in self.cluster.expect(file)]
        return table.draw(rows, self.cluster.caveats)

    def audit(self, settings: str | None = None) -> Picture:
        """What an owner of these policies wants to know, the worst first; ``settings`` is a YAML file in your folder.

        :mod:`netpol_lab.coach.audit.audit_settings` says how it is written.
        """
        from netpol_lab.display import audit_table

        return audit_table.draw(self.cluster.audit(settings))

    def heatmap(self) -> Picture:
        """The reachability of every pod with every other as one image, for clusters too large for a table."""
        from netpol_lab.display import heatmap

        return heatmap.draw(build(self.cluster, fold=False))

    def moments(self) -> Picture:
        """The steps so far, with the numbers and names that ``compare`` and ``graph`` understand."""
        from netpol_lab.display import moments

        return moments.draw(self._story.moments)

    def playground(self) -> Any:
        """A widget to explore with: each policy on or off, a port, and the why of a pair. It changes nothing."""
        from netpol_lab.lab.playground import Playground

        return Playground(self)

    # -- names -----------------------------------------------------------------------------------

    @property
    def _namespace(self) -> str:
        """Where a bare name is looked up first."""
        return f"student-{self.xx}"

    def hypothetical(self, without: Iterable[str] = ()) -> Snapshot:
        """The present state without some policies, named ``namespace/name``. The lab's own cluster stays as it is."""
        keys = [("NetworkPolicy", *name.split("/", 1)) for name in without]
        return self.cluster.snapshot().without(keys)  # type: ignore[arg-type]

    def _node(self, scene: Scene, name: str) -> SceneNode:
        return naming.node_meant(self.cluster, scene, name, self._namespace)

    def _asked(self, scene: Scene, ask: Iterable[AskedConnection]) -> list[tuple[str, str, str, int]]:
        return [
            (self._node(scene, source).id, self._node(scene, destination).id, protocol, port)
            for source, destination, port, protocol in naming.asked_questions(ask)
        ]
