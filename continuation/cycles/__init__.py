"""Limit cycles: collocation, following, bifurcations, homoclinics, phase response."""
