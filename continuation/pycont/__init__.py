"""PyCont's names on our engine, and PyDSTool as a second engine for cross-checks."""

from continuation.pycont.container import ContClass, Generator, args

__all__ = ["ContClass", "Generator", "args"]
