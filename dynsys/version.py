"""The version that is installed, and the packages it consists of."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

PACKAGES = {"dynsys", "continuation", "stimulation", "validation"}

try:
    __version__ = version("dynsys-toolbox")
except PackageNotFoundError:  # run from a folder of sources
    __version__ = "not installed"
