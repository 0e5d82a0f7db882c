"""The operator's larger commands, each in a module of its own."""
