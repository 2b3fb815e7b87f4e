"""Images of a project: taken in, found again, read for text, classified pixel by pixel, made up."""
