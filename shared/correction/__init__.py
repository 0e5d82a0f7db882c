"""Corrections: what was recorded wrongly is said anew or taken back, and stays readable."""
