"""The epoch of the streams in every HTTP answer: after a restore, what was known before may be gone."""

from collections.abc import Callable
from typing import Any

from litestar import Response

from shared.projection import Projection

EPOCH = "Sluse-Epoch"


def epoch_header(projection: Projection) -> Callable[[Response[Any]], Response[Any]]:
    """Litestar's `after_request`: add the epoch in which the read models were read."""

    def add(response: Response[Any]) -> Response[Any]:
        response.headers.setdefault(EPOCH, projection.epoch)
        return response

    return add
