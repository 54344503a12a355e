"""Measurements beside their goals: ``python -m benchmarks``. They print and never fail."""
