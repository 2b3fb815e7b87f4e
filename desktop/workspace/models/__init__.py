"""Model files: the shelf, runs over a work list, trials, prompts, and what help did."""
