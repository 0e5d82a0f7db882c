"""Placement (placering): companies, and what a person does there: practice, wage hours, employment."""
