"""What is asked for by which path and method, and what is answered to it."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from refimpl.deadline import Deadline
from refimpl.errors import Error, InternalError, TimeoutExceededError
from refimpl.server.body import BodyError
from refimpl.server.messages import Response, error_response, text_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from refimpl.server.judge import Judge, Verdict
    from refimpl.server.limits import Limits
    from refimpl.server.messages import Request

_log = logging.getLogger(__name__)
JUDGED: Final = "/v1/validate/input"
_METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "/live": ("GET", "HEAD"),
    "/ready": ("GET", "HEAD"),
    JUDGED: ("POST",),
}
_JSON: Final[Mapping[str, str]] = {"Content-Type": "application/json"}


class Routes:
    """Answers requests.

    Args:
        judge: of bodies.
        limits: how many at a time, and for how long.
    """

    def __init__(self, judge: Judge, limits: Limits) -> None:
        self._judge = judge
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits.evaluations, "request")

    async def answer(self, request: Request, release: Callable[[], None]) -> Response:
        """The response to a request; `release` is called when its body isn't needed any more."""
        methods = _METHODS.get(request.path)
        if methods is None:
            release()
            return text_response(HTTPStatus.NOT_FOUND, "404 page not found")
        if request.method not in methods:
            release()
            return text_response(HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed", Allow=", ".join(methods))
        if request.path == JUDGED:
            return await self._judge_request(request, release)
        release()
        if request.path == "/live":
            return Response(HTTPStatus.OK, _JSON, b'{"status":"ok"}')
        if self._judge.is_ready:
            return Response(HTTPStatus.OK, _JSON, b'{"status":"ready"}')
        return Response(HTTPStatus.SERVICE_UNAVAILABLE, _JSON, b'{"status":"not ready"}')

    async def _judge_request(self, request: Request, release: Callable[[], None]) -> Response:
        if not request.body:
            release()
            return error_response(HTTPStatus.BAD_REQUEST, "request body is empty")
        deadline = Deadline(self._limits.evaluation_seconds)
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._judge.judge, request, deadline)
        work.add_done_callback(lambda _: release())
        try:
            # The engine ends by itself in time; what it waits for may not.
            async with asyncio.timeout(self._limits.evaluation_seconds):
                verdict = await asyncio.shield(work)
        except (TimeoutError, TimeoutExceededError):
            _log.error("Evaluation failed", extra={"fields": {"error": "evaluation timed out"}})
            return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "evaluation timed out")
        except BodyError as error:
            return error_response(HTTPStatus.BAD_REQUEST, str(error))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever one request runs into, the others continue
            told = error if isinstance(error, Error) else InternalError.of(error)
            _log.error("Evaluation failed", extra={"fields": {"error": str(told)}})
            internal = isinstance(told, InternalError)
            return error_response(
                HTTPStatus.INTERNAL_SERVER_ERROR, "internal server error" if internal else "evaluation failed"
            )
        return _respond(verdict)


def _respond(verdict: Verdict) -> Response:
    result = "pass" if verdict.success else "fail"
    return Response(HTTPStatus.OK, {**_JSON, "X-Conforma-Result": result}, verdict.report)
