"""What readers said, side by side: consensus, adjudication, review."""
