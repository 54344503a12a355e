"""Answer by pressing a button: letters and "show me" below the card of a question, where the notebook has widgets.

The card is an output of its own and stays what it is without buttons. It is written anew at each press, so a saved
notebook holds what was answered. Buttons, because JupyterLab takes the arrow keys that radio buttons need for itself:
Tab moves between them, Space and Enter press.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from netpol_lab.display.card import Picture
from netpol_lab.display.markup import el
from netpol_lab.lab.notebook import shell
from netpol_lab.lab.unforeseen import foreseen
from netpol_lab.model.errors import LabError

VIEW = "application/vnd.jupyter.widget-view+json"

Pressed = Callable[[str], Picture]
"""What follows from a press: it gets what the button says, and gives the card that takes the place of the first."""


@dataclass(frozen=True)
class PressedPicture(Picture):
    """A card with buttons. Each is a word and a longer one that tells what it stands for; ``asks`` stands before."""

    buttons: Sequence[tuple[str, str]] = field(default=(), repr=False)
    press: Pressed | None = field(default=None, repr=False)
    asks: str = field(default="", repr=False)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        bundle = self._repr_mimebundle_()
        if self.press is None or not hasattr(shell(), "kernel"):
            display(bundle, raw=True)
            return
        card = display(bundle, raw=True, display_id=True)
        # The id of a view is random; nbval does not compare this kind of data, and it is not stored.
        display({VIEW: self.row(lambda shown: card.update(shown, raw=True))._repr_mimebundle_()[VIEW]}, raw=True)

    def row(self, show: Callable[[dict[str, Any]], object]) -> Any:
        """The buttons as an ipywidgets box. ``show`` is given the new card's bundle at each press.

        What is raised where a button is pressed reaches no cell, so an error is said beside the buttons.
        """
        import ipywidgets as widgets

        said = widgets.HTML()

        def pressed(button: Any) -> None:
            try:
                with foreseen(f"the button {button.description!r}"):
                    assert self.press is not None
                    shown = self.press(button.description)
                    show(shown._repr_mimebundle_())
                    sentence = shown.quiet
            except LabError as error:
                sentence = str(error)
            said.value = str(el("div", sentence, role="alert"))

        made = [widgets.Button(description=word, tooltip=meant) for word, meant in self.buttons]
        for button in made:
            button.layout.width = "auto"
            button.add_class("npl-press")
            button.on_click(pressed)
        style = widgets.HTML(f"<style>{_STYLE}</style>{el('b', self.asks)}")
        return widgets.HBox([style, *made, said], layout=widgets.Layout(flex_flow="row wrap", align_items="center"))


def with_buttons(
    card: Picture, buttons: Sequence[tuple[str, str]] = (), press: Pressed | None = None, asks: str = ""
) -> PressedPicture:
    """A card that can be answered by these buttons; by none where nothing is left to answer."""
    return PressedPicture(card.title, card.quiet, card.twin, card.html, tuple(buttons), press, asks)


_STYLE = """
.npl-press.npl-press { min-width: 44px; font-weight: 700 }
.npl-press.npl-press:focus { outline: 3px solid var(--jp-brand-color1, #1976d2) !important; outline-offset: -3px }
"""
