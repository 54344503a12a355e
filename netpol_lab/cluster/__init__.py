"""The state of the simulated cluster: its objects, what its controllers make of them, its clock, and what listens."""
