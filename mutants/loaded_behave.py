"""behave with hooks and sentences that are loaded once, for runs in processes that are forked from this one.

Loading takes longer than most scenarios do, and the matrix has hundreds of runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from behave.configuration import Configuration  # type: ignore[import-untyped]  # behave publishes no types
from behave.runner import Runner  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["LoadedBehave"]


class _Loaded(Runner):  # type: ignore[misc]  # behave publishes no types
    """behave's own runner, which takes from another one what that has loaded."""

    def __init__(self, config: Configuration, loaded: Runner) -> None:
        super().__init__(config)
        self._loaded = loaded

    def setup_paths(self) -> None:
        self.base_dir = self.config.base_dir = self._loaded.base_dir

    def load_hooks(self, filename: str | None = None) -> None:  # noqa: ARG002 - behave's
        self.hooks.update(self._loaded.hooks)

    def load_step_definitions(self, extra_step_paths: Sequence[str] | None = None) -> None:
        """They are in behave's one registry already."""


class LoadedBehave:
    """The project of a folder: its ``environment.py`` and its ``steps``.

    Args:
        folder: has both, and the features.
    """

    def __init__(self, folder: Path) -> None:
        self._runner = Runner(Configuration([str(folder / "features")]))
        self._runner.setup_paths()
        with self._runner.path_manager:
            self._runner.load_hooks()
            self._runner.load_step_definitions()

    def run(self, arguments: Sequence[str]) -> int:
        """Run behave once, in a process of its own, with these arguments: its exit status is the answer."""
        with self._runner.path_manager:
            return int(_Loaded(Configuration(list(arguments)), self._runner).run())
