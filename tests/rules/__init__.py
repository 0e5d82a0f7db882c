"""The rules of the entities: given what happened, when somebody asks for more, then this."""
