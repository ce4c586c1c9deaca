"""The asynchronous state of a network of spiking neurons: exact stability, spectra at finite N."""
