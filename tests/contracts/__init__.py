"""The kernel's promises, kept against real servers."""
