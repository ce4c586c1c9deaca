"""How ``make docs`` makes the site; without network, warnings are errors."""

from __future__ import annotations

import itertools
import sys
from importlib import import_module
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from dynsys.version import __version__

sys.path.insert(0, str(Path(__file__).parent))  # where our extensions stand

project = "dynsys"
author = "The dynsys developers"
copyright = "the dynsys developers, BSD 3-Clause"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "docstrings",
    "gallery",
    "glossary_pictures",
    "living_pages",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
myst_heading_anchors = 3
myst_enable_extensions = ["deflist", "dollarmath"]
nb_execution_mode = "off"  # they are stored executed: make notebooks

# Public names are imported when first asked for; __all__ knows them.
PACKAGES = (
    "dynsys", "dynsys.models", "dynsys.cells", "dynsys.cells.morphology", "dynsys.transfer",
    "continuation", "stimulation", "validation",
)  # fmt: skip
autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True
# Files whose names differ in case only are one file on macOS and Windows.
autosummary_filename_map = {"continuation.Dispersion": "continuation.Dispersion_class"}
autodoc_typehints = "none"  # the signatures stay short; docstrings give shapes and units
autodoc_member_order = "bysource"

html_theme = "pydata_sphinx_theme"
html_title = "dynsys"
html_theme_options = {"secondary_sidebar_items": ["page-toc"], "show_prev_next": False}
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {
    page: []
    for page in ("index", "start", "glossary", "comparison", "contributing", "citing", "changes")
}  # nothing below them to show beside the text


def public_names() -> dict[str, dict[str, list[str]]]:
    """Package -> heading of its page -> the names of its ``__all__`` below it."""
    kinds: dict[str, dict[str, list[str]]] = {}
    for package in PACKAGES:
        module = import_module(package)
        for name in sorted(set(module.__all__) - {"__version__"}):
            value = getattr(module, name)
            kind = (
                "Classes" if isinstance(value, type) else "Functions" if callable(value) else "Data"
            )
            kinds.setdefault(package, {}).setdefault(kind, []).append(name)
    return kinds


_PUBLIC = public_names()
_KEYS = {  # what the public tables hold
    f"{package}.{name}": list(getattr(import_module(package), name))
    for package, kinds in _PUBLIC.items()
    for name in kinds.get("Data", [])
}
autosummary_context = {"public": _PUBLIC, "keys": _KEYS}


def everything_is_there(app: Sphinx, exception: Exception | None) -> None:
    """A public name without its entry in the reference is an error."""
    known = app.env.domains["py"].data["objects"]
    for package, kinds in _PUBLIC.items():
        for name in itertools.chain(*kinds.values()):
            if not exception and f"{package}.{name}" not in known:
                raise ExtensionError(f"{package}.{name} is missing in the reference")


def setup(app: Sphinx) -> None:
    app.connect("build-finished", everything_is_there)
    for language in ("ode", "auto"):
        app.add_lexer(language, TextLexer)
