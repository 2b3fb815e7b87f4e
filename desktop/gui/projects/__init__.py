"""Projects: opening, starting, taking images in."""
