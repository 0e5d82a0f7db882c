"""Who acts: people and systems as a door knows them, and sluse by itself."""

_OWN = "sluse:"


def own(part: str) -> str:
    """The actor of what a part of sluse does by itself; no door gives anybody such a name."""
    return f"{_OWN}{part}"


def is_own(actor: str) -> bool:
    """Whether it was sluse itself: a reaction to what others recorded, or the clock."""
    return actor.startswith(_OWN)
