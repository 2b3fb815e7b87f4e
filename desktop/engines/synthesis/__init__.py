"""Made-up images with exact labels."""
