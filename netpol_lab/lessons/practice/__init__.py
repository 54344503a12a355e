"""Practice without a guide: worlds made from a number, broken in named ways, and what a student does with them."""
