"""An audit of one's own policies: findings with a severity, an object and a line, and reasons for what is let be."""
