"""Command-line programs and benchmarks over the same core as the window. No Qt (but in bench)."""
