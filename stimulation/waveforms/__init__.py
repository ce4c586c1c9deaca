"""What is applied: waveforms, their units, noise, electric fields."""
