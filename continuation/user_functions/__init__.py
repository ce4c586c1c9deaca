"""User functions: where a quantity takes a value, and what ends a branch."""
