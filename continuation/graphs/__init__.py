"""Equilibria of graphs of mean fields, node block by node block."""
