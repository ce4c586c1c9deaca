"""Text and SymPy to one expression graph, and back."""
