"""Who works here and what they may do: accounts, authority, keys, working time."""
