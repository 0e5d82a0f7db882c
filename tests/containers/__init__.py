"""The system as containers, run by compose as its operators run it."""
