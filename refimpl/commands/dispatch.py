"""``validate image``: all at once, or, where that is asked for, image by image; and what judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.errors import InputError, NotSupportedError
from refimpl.report.formats import STREAMED
from refimpl.report.targets import parse_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.command_line.options import Options


def validate(options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command.

    Raises:
        Error: see `validate_image.validate_image` and `stream.validate_stream`.
    """
    _check_engine(options)
    if _is_streamed(options):
        from refimpl.commands.stream import validate_stream

        validate_stream(options, environ)
    else:
        from refimpl.commands.validate_image import validate_image

        validate_image(options, environ)


def _check_engine(options: Options) -> None:
    """Whether what is asked for goes together with the engine, and the engine is there.

    Raises:
        InputError: it doesn't.
        NotSupportedError: there is no Dask.
    """
    if options.engine != "dask":
        if options.scheduler:
            raise InputError("--scheduler names a cluster of Dask's: it needs --engine dask")
        return
    if options.scheduler and options.processes:
        raise InputError("--processes is for workers that are made here: the cluster at --scheduler has its own")
    if options.vsa_expiration > 0 and any(one.lower().startswith("rekor") for one in options.vsa_upload):
        raise NotSupportedError("--engine dask looks for no existing summaries: it needs --vsa-expiration 0")
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise NotSupportedError("--engine dask needs Dask, which isn't installed: pip install 'ec-acceptance[dask]'")


def _is_streamed(options: Options) -> bool:
    """Whether something is asked for that needs results one by one."""
    if options.shard or options.resume or any(parse_target(one).format in STREAMED for one in options.output):
        return True
    if not options.images:
        return False
    from refimpl.commands.image_list import is_list

    return is_list(options.images)
