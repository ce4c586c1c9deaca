"""Spiking neurons with a reset: periodic spiking, rate curves, onset."""
