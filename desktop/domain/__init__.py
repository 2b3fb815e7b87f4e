"""The words: frozen records, geometry, schema, events and the few contracts that rooms share.

May import: the standard library, numpy, msgspec.
Deliberately absent: files, databases, pixels decoding, Qt, clocks and random sources
(times and ids are handed in, so that everything here is exact in a test).
"""
