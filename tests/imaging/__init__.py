"""Tests of desktop/imaging."""
