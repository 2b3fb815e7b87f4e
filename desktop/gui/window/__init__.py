"""The window around the pages: title, rail, bottom line, lock, notices, the way to any place."""
