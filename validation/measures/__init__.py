"""What is measured in runs: rates, spikes, locking, conductances, with their spread."""
