"""Words, once: reasons are data, and here they become sentences."""
