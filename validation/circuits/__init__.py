"""Small circuits in Brian2: a neuron with a dendrite, a network with shared afferents."""
