"""What the ``inspect`` commands share: they fetch sources, and may keep them (docs/commands.md)."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from refimpl.errors import OutputError
from refimpl.golang.oserrors import describe
from refimpl.oci.client import Client
from refimpl.policy.sources.fetcher import source_id
from refimpl.policy.sources.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from refimpl.command_line.options import Options
    from refimpl.deadline import Deadline
    from refimpl.policy.sources.fetcher import Fetched


@contextmanager
def fetch_sources(
    urls: Sequence[str], *, keep: str, options: Options, environ: Mapping[str, str], deadline: Deadline
) -> Iterator[dict[str, Fetched]]:
    """The sources by URL; their files go at the end.

    Args:
        urls: as in a policy.
        keep: a directory that gets the sources too, each as ``policy/<id>``; empty for none.
        options: of the command line.
        environ: of the process.
        deadline: ends downloads.

    Raises:
        PolicyError: the first that cannot be had.
        OutputError: they cannot be kept.
    """
    with (
        Client(deadline=deadline, retry=options.retry, environ=environ) as client,
        Workspace(environ) as workspace,
        workspace.fetcher(client, deadline) as fetcher,
    ):
        fetched = fetcher.fetch_all((url, "policy") for url in urls)
        if keep:
            for url, source in fetched.items():
                _keep(source.path, Path(keep, "policy", source_id(url)))
        yield fetched


def _keep(source: Path, destination: Path) -> None:
    try:
        shutil.copytree(source, destination, dirs_exist_ok=True)
    except shutil.Error as error:
        raise OutputError(f"unable to keep sources in {destination}: {error.args[0][0][2]}") from None
    except OSError as error:
        raise OutputError(describe("mkdir", str(destination), error)) from None
