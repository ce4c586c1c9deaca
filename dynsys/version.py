"""The version that is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("dynsys-toolbox")
except PackageNotFoundError:  # run from a folder of sources
    __version__ = "not installed"
