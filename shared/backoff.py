"""Pauses between tries: they grow, they are bounded, and no two processes keep the same time."""

import asyncio
import random

FIRST_SECONDS = 0.2
MOST_SECONDS = 2.0


def pause_after(tries: int, first: float, most: float) -> float:
    """Seconds until the next try, after so many: twice the last one, less up to a half by chance."""
    whole = min(most, first * 2 ** min(max(tries - 1, 0), 30))
    return random.uniform(whole / 2, whole)


class Backoff:
    """One thing that is tried again and again; `most` bounds how late its return is noticed."""

    def __init__(self, first: float = FIRST_SECONDS, most: float = MOST_SECONDS) -> None:
        """Seconds: of the first pause and of the longest."""
        self._first = first
        self._most = most
        self._tries = 0

    async def wait(self) -> None:
        """Pause before the next try."""
        await asyncio.sleep(self.next_pause())

    def next_pause(self) -> float:
        """How many seconds to pause before the next try."""
        self._tries += 1
        return pause_after(self._tries, self._first, self._most)

    def reset(self) -> None:
        """It has worked: the next pause is a first one again."""
        self._tries = 0
