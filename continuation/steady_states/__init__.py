"""Equilibria of flows and fixed points of maps: search, branches, bifurcations."""
