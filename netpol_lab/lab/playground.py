"""A playground: policies on and off, a port, a pair; what changes by it, graph, matrix and the why follow.

It works on hypothetical states and never changes the lab's cluster. Everything it shows is also there without a
kernel: beside the widget the object carries its present state as static HTML and as text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from netpol_lab.cluster.snapshot import Snapshot
from netpol_lab.connections.scene import Scene, SceneNode, build
from netpol_lab.lab.unforeseen import foreseen
from netpol_lab.model.errors import LabError
from netpol_lab.model.objects import NetworkPolicy
from netpol_lab.tell.saying import line

if TYPE_CHECKING:
    from netpol_lab.connections import Flow
    from netpol_lab.display.card import Picture

_VIEW = "application/vnd.jupyter.widget-view+json"
_ALL_PORTS = "all ports"
_NO_PORT = 80
"""What the why is asked about when no port is chosen and the target listens on none."""

_KEYS = "npl-keys"
_KEEP_KEYS = (
    f"document.addEventListener('focusin', ({{target}}) => target.matches?.('.{_KEYS} select')"
    " && target.setAttribute('data-lm-suppress-shortcuts', 'true'))"
)
"""A list that does not carry this attribute itself loses the arrow keys to JupyterLab, which moves to another cell."""

_JAVASCRIPT = "application/javascript"

_VIEWS = ("Change", "Graph", "Matrix", "Why")

Port = tuple[str, int]


class LabLike(Protocol):
    """What a playground needs of a lab.

    Its present state without some policies (``namespace/name``), and the reason for which the why of a connection is
    withheld, "" where it is not.
    """

    def hypothetical(self, without: Iterable[str] = ()) -> Snapshot: ...

    def _withheld(self, state: Snapshot, flow: Flow) -> str: ...


class Playground:
    """What is chosen, and the pictures of it; show it as the last line of a cell. :attr:`widget` has the controls.

    ``off`` holds the policies that are switched off, ``off_before`` those before the last switch; ``port`` a
    (protocol, number) or None for all ports, ``source`` and ``target`` node ids of the scene.
    """

    def __init__(self, lab: LabLike) -> None:
        self._lab = lab
        start = lab.hypothetical()
        self.policies: tuple[NetworkPolicy, ...] = tuple(sorted(start.policies, key=lambda policy: policy.id))
        self.nodes: tuple[SceneNode, ...] = build(start).nodes
        self.ports = _ports(self.nodes)
        self.off: frozenset[str] = frozenset()
        self.off_before: frozenset[str] | None = None
        self.port: Port | None = None
        self.source, self.target = _first_pair(self.nodes)
        self._widget: Any = None

    # -- what is shown ---------------------------------------------------------------------------

    def _state(self, off: frozenset[str]) -> tuple[Snapshot, Scene]:
        state = self._lab.hypothetical(without=sorted(off))
        return state, build(state)

    @property
    def title(self) -> str:
        """What is switched on, in words."""
        number = len(self.policies)
        on = number - len(self.off)
        return line("playground.title" if number else "playground.none", on=on, number=number)

    def pictures(self) -> tuple[Picture, Picture, Picture]:
        """Graph, matrix and the why of the chosen pair, for the present choice."""
        from netpol_lab.display import graph, matrix

        _, scene = self._state(self.off)
        protocol, port = self.asked
        ids = {node.id for node in scene.nodes}
        asked = [(self.source, self.target, protocol, port)] if {self.source, self.target} <= ids else []
        asked = asked if self.source != self.target else []
        chosen = {} if self.port is None else {"protocol": self.port[0], "port": self.port[1]}
        return (
            graph.draw(scene, blocked=asked),
            matrix.draw(scene, **chosen),  # type: ignore[arg-type]
            self._why(self.off),
        )

    def _why(self, off: frozenset[str]) -> Picture:
        """The why of the chosen pair, without some policies."""
        from netpol_lab.connections import connect_to
        from netpol_lab.display import why

        state, scene = self._state(off)
        source, target = (_endpoint(scene, id, self.nodes).endpoint for id in (self.source, self.target))
        protocol, port = self.asked
        flow = connect_to(state, source, target, port, protocol)
        return why.draw(flow, withheld=self._lab._withheld(state, flow))

    def change(self) -> Picture | None:
        """What the last switch did to all connections; None before the first."""
        from netpol_lab.display import delta

        if self.off_before is None:
            return None
        scenes = [self._state(off)[1] for off in (self.off_before, self.off)]
        return delta.draw(*scenes, before_name=self._switched(self.off_before), after_name=self._switched(self.off))

    def _switched(self, off: frozenset[str]) -> str:
        return f"without {', '.join(sorted(off))}" if off else "with all policies"

    def said(self) -> str:
        """Cause and effect in one line: what is on, and what becomes of the chosen pair."""
        now = self._why(self.off).title
        if self.off_before is None:
            return line("playground.now", title=self.title, now=now)
        return line("playground.changed", title=self.title, before=self._why(self.off_before).title, now=now)

    @property
    def asked(self) -> Port:
        """The port the why is about: the chosen one, else the first on which the target listens."""
        if self.port is not None:
            return self.port
        node = next(node for node in self.nodes if node.id == self.target)
        return next(((protocol, first) for protocol, first, _ in node.listens), ("TCP", _NO_PORT))

    def choices(self) -> list[tuple[str, str]]:
        """Every control with its present value, as a list to read."""
        found = [(f"policy {policy.id}", "off" if policy.id in self.off else "on") for policy in self.policies]
        name = {node.id: _label(node) for node in self.nodes}
        port = _ALL_PORTS if self.port is None else f"{self.port[0]} {self.port[1]}"
        return [*found, ("port", port), ("from", name[self.source]), ("to", name[self.target])]

    def _static(self) -> Picture:
        """The choice and its pictures as one picture, for pages without a kernel."""
        from netpol_lab.display import card
        from netpol_lab.display.markup import el, escape, table

        items = (el("li", f"{name}: {value}") for name, value in self.choices())
        twin = "\n".join(table(self.choices()))
        head: Picture = card.figure(
            escape(self.title), line("playground.quiet"), el("ul", *items), twin=twin, drawn=False
        )
        return card.stack([head, *self.pictures()])

    @property
    def text(self) -> str:
        """Choice, graph, matrix and why as ASCII."""
        return self._static().text

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        from netpol_lab.display.card import wanted

        static = self._static()
        bundle: dict[str, Any] = {"text/plain": static.text, "text/html": static.html}
        # The id of a view is random; nbval does not compare this kind of data.
        bundle[_VIEW] = self.widget._repr_mimebundle_()[_VIEW]
        return {kind: value for kind, value in bundle.items() if wanted(kind, include, exclude)}

    # -- controls --------------------------------------------------------------------------------

    @property
    def widget(self) -> Any:
        """The controls and pictures as an ipywidgets box, made when first asked for."""
        if self._widget is None:
            self._widget = self._build()
        return self._widget

    def _build(self) -> Any:
        import ipywidgets as widgets

        wide = {"style": {"description_width": "40px"}, "layout": widgets.Layout(width="auto")}
        switches = [
            widgets.Checkbox(
                value=policy.id not in self.off,
                description=policy.id,
                indent=False,
                layout=widgets.Layout(width="auto", flex="none"),
            )
            for policy in self.policies
        ]
        nodes = [(_label(node), node.id) for node in self.nodes]
        ports: list[tuple[str, str | Port]] = [(_ALL_PORTS, _ALL_PORTS)]  # None would be no choice at all to ipywidgets
        ports += [(f"{protocol} {number}", (protocol, number)) for protocol, number in self.ports]
        port = widgets.Dropdown(options=ports, value=self.port or _ALL_PORTS, description="Port", **wide)
        source = widgets.Dropdown(options=nodes, value=self.source, description="From", **wide)
        target = widgets.Dropdown(options=nodes, value=self.target, description="To", **wide)
        view = widgets.ToggleButtons(options=_VIEWS, value=_VIEWS[0], style={"button_width": "84px"})
        said, drawn = (widgets.HTML(layout=widgets.Layout(min_width="0", width="auto")) for _ in range(2))
        by_id = dict(zip((policy.id for policy in self.policies), switches, strict=True))

        def follow(_change: object = None) -> None:
            off = frozenset(id for id, switch in by_id.items() if not switch.value)
            if off != self.off:
                self.off, self.off_before = off, self.off
            self.port = None if port.value == _ALL_PORTS else port.value
            self.source, self.target = source.value, target.value
            said.value, drawn.value = self._now(view.value)

        for control in (*switches, port, source, target, view):
            control.observe(follow, names="value")
        follow()
        heading = widgets.HTML(f"<b>{'Policies' if switches else 'No policy yet'}</b>")
        listed = widgets.VBox(switches, layout=widgets.Layout(max_height="230px", overflow="auto", flex="none"))
        keys = widgets.Output(layout=widgets.Layout(display="none"))
        keys.outputs = ({"output_type": "display_data", "data": {_JAVASCRIPT: _KEEP_KEYS}, "metadata": {}},)
        controls = widgets.VBox(
            [heading, listed, port, source, target, keys], layout=widgets.Layout(flex="1 1 220px", max_width="330px")
        )
        seen = widgets.VBox([view, drawn], layout=widgets.Layout(flex="4 1 500px", min_width="0"))
        both = widgets.HBox([controls, seen], layout=widgets.Layout(flex_flow="row wrap"))
        box = widgets.VBox([said, both])
        box.add_class(_KEYS)
        return box

    def _now(self, view: str) -> tuple[str, str]:
        """The line that screen readers announce, and the picture that is looked at.

        What is raised where a control changes reaches no cell, so an error stands in that line.
        """
        from netpol_lab.display.markup import el

        try:
            with foreseen("lab.playground()"):
                said, picture = self.said(), self._picture(view)
        except LabError as error:
            said, picture = str(error), None
        return str(el("div", said, role="status", aria_live="polite")), picture.html if picture else ""

    def _picture(self, view: str) -> Picture:
        """One view of the choice. Before the first switch nothing has changed: then the graph stands for the change."""
        graph, matrix, why = self.pictures()
        return {"Change": self.change() or graph, "Graph": graph, "Matrix": matrix, "Why": why}[view]


def _ports(nodes: Iterable[SceneNode]) -> tuple[Port, ...]:
    """Every port on which some pod listens, in the order of protocol and number."""
    order = {"TCP": 0, "UDP": 1, "SCTP": 2}
    found = {(protocol, first) for node in nodes for protocol, first, _ in node.listens}
    return tuple(sorted(found, key=lambda port: (order[port[0]], port[1])))


def _first_pair(nodes: Sequence[SceneNode]) -> tuple[str, str]:
    """A pair worth asking about: the first pod that listens, and the first other pod that could connect to it."""
    inside = [node for node in nodes if not node.is_dns and not node.is_external] or list(nodes)
    target = next((node for node in inside if node.listens), inside[-1])
    source = next((node for node in inside if node is not target), nodes[-1])
    return source.id, target.id


def _label(node: SceneNode) -> str:
    return node.name if node.is_external else f"{node.namespace}/{node.name}"


def _endpoint(scene: Scene, id: str, nodes: Sequence[SceneNode]) -> SceneNode:
    """The node as it is now. With other policies replicas may fold differently: then the first form stands."""
    return next((node for node in (*scene.nodes, *nodes) if node.id == id), nodes[0])
