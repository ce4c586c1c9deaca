"""From the expression graph to compiled code."""
