"""Aftercare (efterværn): follow-up with the citizen and the company after an ordinary employment began."""
