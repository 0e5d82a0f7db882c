"""Older shapes of intake's events, read as the present ones."""

from typing import Any


def no_benefit_is_null(data: dict[str, Any]) -> dict[str, Any]:
    """A referral without a public benefit had the code "none"; now it has none.

    As a code of every programme's list it could be left out of a list, and then nobody without a
    benefit could be referred; and it had to be told apart wherever benefits are counted.
    """
    return {**data, "benefit": None} if data.get("benefit") == "none" else data
