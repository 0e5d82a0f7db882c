"""Import of what a municipality has in files: rows become commands, and bad rows a file of their own."""
