"""Help from models: suggestions beside the image, model files, the three arms, the Help board."""
