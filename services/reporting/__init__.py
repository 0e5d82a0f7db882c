"""Reporting (afrapportering): folds every event into facts, and answers how far a programme is, as of when."""
