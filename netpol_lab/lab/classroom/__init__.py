"""A class on one machine: who is in it, their folders and cards, and the hub that serves them."""
