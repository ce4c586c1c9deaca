"""Where things that can be made again are kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """The cache: ``DYNSYS_CACHE_DIR``, else ``dynsys`` in the user's cache directory."""
    chosen = os.environ.get("DYNSYS_CACHE_DIR")
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "dynsys"
