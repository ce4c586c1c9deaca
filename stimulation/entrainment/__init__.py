"""Does an input lock the rhythm: phases, tongues, locking, driven cycles."""
