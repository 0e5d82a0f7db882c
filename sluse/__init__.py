"""The operator's command: it knows everything, nobody knows it."""
