"""Rules: what they look at, running them, and what comes of it."""
