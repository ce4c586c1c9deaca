"""Does an input switch the state: thresholds, and pulses that shift or stop a rhythm."""
