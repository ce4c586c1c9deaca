"""Models to and from the other tools of the field: AUTO-07p, XPPAUT, PyDSTool, LaTeX."""
