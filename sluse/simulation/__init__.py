"""A synthetic population (syntetisk population): invented people, for demonstrations and load."""
