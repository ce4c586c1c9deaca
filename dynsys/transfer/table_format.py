"""What a stored table of transfer functions holds, and over which inputs."""

from __future__ import annotations

import numpy as np

VERSION = 3  # raise it when the method changes what a table holds
# The published grid has mu from -1; strongly inhibited states need less, with the same step.
PUBLISHED_MU = np.linspace(-1.0, 7.0, 350)
DEFAULT_MU = np.linspace(-1.0 - 131 * 8 / 349, 7.0, 481)
DEFAULT_SIGMA = np.linspace(0.5, 5.0, 64)
UNITS = {"log_rate": "log kHz", "mean_voltage": "mV", "tau_mu": "ms", "tau_sigma": "ms"}
