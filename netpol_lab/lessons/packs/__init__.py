"""Lessons as people write them: the rules of a source, and the notebooks that are built from it."""
