"""What is tested: predictions of a diagram, the runs that test them, the findings."""
