"""Measurements: what it costs, printed with ratios, never a test that fails on a slow day."""
