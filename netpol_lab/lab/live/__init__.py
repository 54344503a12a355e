"""A real cluster: what it holds, read through the student's own kubectl, and what its pods can really reach."""
