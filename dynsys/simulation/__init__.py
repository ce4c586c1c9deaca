"""Time integration of ordinary, delay and stochastic models, single runs and ensembles."""

from dynsys.simulation.ensembles import simulate_ensemble

__all__ = ["simulate_ensemble"]
