"""Slides, from the same sources as the lessons: what is told, shown, asked and run, with the trainer's notes."""
