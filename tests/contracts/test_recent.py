"""What is remembered: used last, and never more than the limit allows."""

from shared.recent import Recent


def test_what_was_kept_is_known_until_it_is_forgotten() -> None:
    recent: Recent[str] = Recent(10)
    recent.keep("a", "one", 3)
    assert recent.get("a") == "one"
    recent.keep("a", "two", 4)
    assert recent.get("a") == "two"
    recent.forget("a")
    recent.forget("a")
    assert recent.get("a") is None
    assert len(recent) == 0


def test_what_was_used_longest_ago_goes_first() -> None:
    recent: Recent[str] = Recent(10)
    recent.keep("a", "a", 5)
    recent.keep("b", "b", 5)
    recent.keep("a", "a again", 5)
    recent.keep("c", "c", 1)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == ("a again", None, "c")


def test_weights_are_taken_back_with_what_is_replaced() -> None:
    recent: Recent[int] = Recent(10)
    for weight in range(1, 10):
        recent.keep("growing", weight, weight)
    recent.keep("other", 0, 1)
    assert (recent.get("growing"), recent.get("other")) == (9, 0)


def test_one_thing_larger_than_the_limit_is_kept_alone() -> None:
    recent: Recent[str] = Recent(10)
    recent.keep("a", "a", 5)
    recent.keep("huge", "huge", 50)
    assert (recent.get("a"), recent.get("huge")) == (None, "huge")
