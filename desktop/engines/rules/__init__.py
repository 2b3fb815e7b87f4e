"""Rules that vote, and the label model that hears them."""
