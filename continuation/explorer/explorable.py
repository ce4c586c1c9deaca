"""``explore``: the method of every result that has a living page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from continuation.drawing import html, picture
from dynsys.vector_field import VectorField


class Explorable(ABC):
    """A result of a model that can be drawn, and told as plain data by ``page_content``."""

    model: VectorField

    @abstractmethod
    def page_content(self) -> dict[str, Any]:
        """What the page shows: see ``continuation.explorer.content``."""

    @abstractmethod
    def plot(self, *arguments: Any, **options: Any) -> Any:
        """Draw the result; returns the axes."""

    def _repr_html_(self) -> str:
        """What a notebook shows: the figure and the text."""
        return html(self.plot(), getattr(self, "kind", "bifurcation diagram"), str(self))

    def explore(self, path: str | Path) -> Path:
        """Write a page in which the diagram lives: one HTML file, no server, no network.

        Under the cursor it tells the attractors and the nearest boundary; at a click the model runs
        there, in the page, from a low and a high start, with sliders for every parameter and a
        stimulus. A model that cannot run in a page is named with the reason, and the page shows the
        diagram alone; without JavaScript it shows the picture.

        Returns the file. Raises StorageError where it cannot be written.

        Example
        -------
        >>> diagram.explore("figure2a.html")
        """
        # Here, since a branch should not wait for what runs in a page.
        from continuation.explorer.page import write_page

        drawn = self.plot()
        return write_page(self.page_content(), self.model, picture(drawn), path)

    def widget(self) -> Any:
        """The page as a widget of a notebook: Jupyter, VS Code, marimo.

        ``widget.point`` is where one clicked (None before), ``widget.parameters`` all values
        (assign some to go there), ``widget.run`` the last runs as a Dataset.

        Raises DynsysError where anywidget is not installed.

        Example
        -------
        >>> widget = diagram.widget()
        >>> widget.point
        {'mu_e': 1.227, 'mu_i': 0.659}
        """
        # As above.
        from continuation.explorer.widget import widget_of

        return widget_of(self.page_content(), self.model)
