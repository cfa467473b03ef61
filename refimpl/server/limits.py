"""What a client may ask of the server's memory and time (docs/security.md)."""

from __future__ import annotations

from typing import Final

from refimpl.record import record


@record
class Limits:
    """Sizes in bytes, times in seconds.

    Attributes:
        connections: open ones. With so many, a new one takes the place of the one that has kept the server waiting
            for longest.
        head: of a request.
        body: of a request.
        small_body: up to which bodies don't need one of the places for large ones.
        large_bodies: so many at a time, from their first byte until they are judged.
        evaluations: requests that are judged at the same time; others wait their turn.
        head_seconds: until the head of a new connection's first request is complete.
        idle_seconds: until the head of a further one is.
        body_seconds: from the end of the head to that of the body.
        evaluation_seconds: for the verdict, from the end of the body.
        write_seconds: until the client has taken the response.
        finishing_seconds: for requests that are begun when the server is to end.
        lingering_seconds: for what a client still sends after it was refused.
    """

    connections: int = 512
    head: int = 64 << 10
    body: int = 80 << 20
    small_body: int = 256 << 10
    large_bodies: int = 2
    evaluations: int = 32
    head_seconds: float = 10.0
    idle_seconds: float = 60.0
    body_seconds: float = 30.0
    evaluation_seconds: float = 90.0
    write_seconds: float = 120.0
    finishing_seconds: float = 95.0
    lingering_seconds: float = 2.0


LIMITS: Final = Limits()
