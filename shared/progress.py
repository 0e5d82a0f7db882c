"""How far a projection is behind a stream, since when, and whether it stands still."""

import time
from collections.abc import Callable


class Progress:
    """One stream's position and its last one as it was last seen, with the times of both."""

    def __init__(self, position: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` in seconds: it only goes forward."""
        self._clock = clock
        now = clock()
        self.position = position
        self.last = position
        self._moved_at = now
        self._behind = now  # when the oldest event that is not folded was seen first
        self._behind_last = position  # the stream's last position at that time
        self._seen_at = now

    def moved(self, position: int) -> None:
        """The rows include the position."""
        if position == self.position:
            return
        self.position = position
        self.last = max(self.last, position)
        self._moved_at = self._clock()
        if position >= self._behind_last:
            self._behind, self._behind_last = self._seen_at, self.last

    def saw(self, last: int) -> None:
        """The stream ends there; it was looked at a moment ago, the rows may be further by now."""
        if last > self.last:
            now = self._clock()
            if self.position >= self.last:
                self._behind, self._behind_last = now, last
                self._moved_at = max(self._moved_at, now)
            self._seen_at = now
            self.last = last

    @property
    def lag(self) -> int:
        """Events that the rows do not include."""
        return max(0, self.last - self.position)

    @property
    def lag_seconds(self) -> float:
        """How long the oldest of them has been waiting at least."""
        return self._clock() - self._behind if self.lag else 0.0

    def stalled(self, after: float) -> bool:
        """Whether there are events to fold, and for so many seconds none has been."""
        return self.lag > 0 and self._clock() - self._moved_at >= after
