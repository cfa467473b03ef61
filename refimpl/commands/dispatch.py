"""``validate image``: all at once, or, where that is asked for, image by image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.report.formats import STREAMED
from refimpl.report.targets import parse_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.command_line.options import Options

__all__ = ["validate"]


def validate(options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command.

    Raises:
        Error: see `validate_image.validate_image` and `stream.validate_stream`.
    """
    if _is_streamed(options):
        from refimpl.commands.stream import validate_stream

        validate_stream(options, environ)
    else:
        from refimpl.commands.validate_image import validate_image

        validate_image(options, environ)


def _is_streamed(options: Options) -> bool:
    """Whether something is asked for that needs results one by one."""
    if options.shard or options.resume or any(parse_target(one).format in STREAMED for one in options.output):
        return True
    if not options.images:
        return False
    from refimpl.commands.image_list import is_list

    return is_list(options.images)
