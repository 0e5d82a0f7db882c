"""The measures, each against cases that were counted by hand."""
