"""Numerics of continuation that know no kind of object: steps, events, linear algebra."""
