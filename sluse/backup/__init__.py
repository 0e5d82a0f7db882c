"""Backup and restore: all streams with their consumers, in an order that contradicts nothing."""
