"""What every model can be written as: the methods ``to_auto``, ``to_xppaut``, ... of a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast


class Exports:
    """Exports of a ``VectorField``; each imports its writer when it is called."""

    def to_auto(
        self,
        directory: str | Path,
        parameter: str | None = None,
        span: tuple[float, float] | None = None,
        start: Sequence[float] | None = None,
    ) -> list[Path]:
        """Write what AUTO-07p runs: equations (C), constants, a script; see ``exchange.auto``."""
        from dynsys.exchange.auto import write_auto

        return write_auto(cast(Any, self), directory, parameter, span, start)

    def to_xppaut(self, path: str | Path) -> list[Path]:
        """Write an .ode file for XPPAUT; see ``exchange.xppaut``."""
        from dynsys.exchange.xppaut import write_xppaut

        return write_xppaut(cast(Any, self), path)

    def to_pydstool(self) -> Any:
        """A PyDSTool Generator that calls the compiled field; see ``exchange.pydstool``."""
        from dynsys.exchange.pydstool import generator

        return generator(cast(Any, self))

    def to_latex(self, path: str | Path | None = None) -> str:
        """The equations as a LaTeX document's ``align`` block; see ``exchange.latex``."""
        from dynsys.exchange.latex import write_latex

        return write_latex(cast(Any, self), path)
