"""Diagrams in one and two parameters: curves, regions, the attractors in them."""
