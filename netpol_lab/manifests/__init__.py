"""Manifests: YAML or JSON text to typed, defaulted and validated objects.

What the API server would refuse is refused here, with its words and with the file, the line and a hint.
The way of an object: :mod:`source` (text) -> :mod:`strict` (fields and types) -> :mod:`defaults` ->
:mod:`validation` -> :mod:`decode` (typed model). A file is taken as a whole or not at all.
"""

from netpol_lab.manifests.line_map import Lines
from netpol_lab.manifests.problem import ObjectReference, Problem
from netpol_lab.manifests.read import from_object, read_objects, read_path, read_text

__all__ = ["Lines", "ObjectReference", "Problem", "from_object", "read_objects", "read_path", "read_text"]
