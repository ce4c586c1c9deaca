"""How it is told: figures, pages, the report."""
