"""What operators do: parked entities retried, poison events discarded, unreadable messages quarantined."""
