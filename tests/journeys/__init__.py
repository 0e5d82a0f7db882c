"""Journeys: the whole system as its users meet it, through real processes."""
