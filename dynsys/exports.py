"""What every model can be written as: the methods ``to_auto``, ``to_xppaut``, ... of a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dynsys.doors import door


class Exports:
    """Exports of a ``VectorField``; their writers are in ``dynsys.exchange``."""

    def to_auto(
        self,
        directory: str | Path,
        parameter: str | None = None,
        span: tuple[float, float] | None = None,
        start: Sequence[float] | None = None,
    ) -> list[Path]:
        """Write what AUTO-07p runs: equations (C), constants, a script; see ``exchange.auto``."""
        return door("write_auto")(self, directory, parameter, span, start)

    def to_xppaut(self, path: str | Path) -> list[Path]:
        """Write an .ode file for XPPAUT; see ``exchange.xppaut``."""
        return door("write_xppaut")(self, path)

    def to_pydstool(self) -> Any:
        """A PyDSTool Generator that calls the compiled field; see ``exchange.pydstool``."""
        return door("generator")(self)

    def to_latex(self, path: str | Path | None = None) -> str:
        """The equations as a LaTeX document's ``align`` block; see ``exchange.latex``."""
        return door("write_latex")(self, path)
