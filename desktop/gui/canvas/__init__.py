"""The image on screen: the canvas and its layers, and panes that only show."""
