"""Learning from few labels: features, learners, samplers, pixels, when to stop."""
