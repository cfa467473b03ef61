"""Faults in how a layer's bytes are fetched, judged, and asked for again."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []


@mutant(
    "no-digest-check-on-download",
    "The bytes that come are kept and used whatever their digest.",
    Kind.TRANSFER,
    "cache-07.7 cache-07.14 cache-08.4 cache-09.1 cache-09.2 cache-09.3 cache-09.5 cache-09.6 cache-09.7 cache-09.8 "
    "cache-09.10 cache-09.11 cache-09.13 cache-26.3",
)
def no_digest_check_on_download() -> None:
    from refimpl.layers import download
    from refimpl.oci.digest import Verifier

    class Credulous(Verifier):
        def check(self, descriptor: object) -> None:
            del descriptor

    replace(download, "Verifier", Credulous)


@mutant(
    "renamed-before-verification",
    "A whole download gets its final name first and is judged afterwards.",
    Kind.TRANSFER,
    "cache-07.3 cache-07.4 cache-07.6 cache-07.7 cache-07.10 cache-07.11 cache-07.13 cache-07.14 cache-08.4 cache-09.4 "
    "cache-09.9",
)
def renamed_before_verification() -> None:
    from refimpl.errors import MismatchError
    from refimpl.layers.cache import LayerCache, _name

    @change(LayerCache, "_settle")
    def land(original: Callable[..., None], self: Any, download: Any) -> None:
        if isinstance(download.error, MismatchError):
            shutil.copyfile(download.temporary.path, self._directory.path / _name(download.descriptor))
        original(self, download)


@mutant(
    "kept-at-the-time-out",
    "What has come when the time is over gets its final name.",
    Kind.TRANSFER,
    "cache-07.19 cache-07.20",
)
def kept_at_the_time_out() -> None:
    from refimpl.errors import TimeoutExceededError
    from refimpl.layers.cache import LayerCache, _name

    @change(LayerCache, "_settle")
    def land(original: Callable[..., None], self: Any, download: Any) -> None:
        if isinstance(download.error, TimeoutExceededError):
            shutil.copyfile(download.temporary.path, self._directory.path / _name(download.descriptor))
        original(self, download)


@mutant(
    "copy-error-dropped",
    "A transfer that breaks is taken for the end of the layer, and what came for the whole of it.",
    Kind.TRANSFER,
    "cache-06.2 cache-06.3 cache-07.1 cache-07.2 cache-07.8 cache-07.9 cache-08.3 cache-08.7",
)
def copy_error_dropped() -> None:
    from refimpl.errors import TransferError
    from refimpl.layers.download import Download, StorageError

    @change(Download, "_next")
    def following(original: Callable[..., bytes], self: Any) -> bytes:
        try:
            return original(self)
        except StorageError:
            raise
        except TransferError:
            self._transfer.close()
            return b""


@mutant(
    "broken-transfer-is-final",
    "A transfer that breaks, before its answer or within, isn't made once more.",
    Kind.TRANSFER,
    "cache-06.1 cache-06",
)
def broken_transfer_is_final() -> None:
    from refimpl.http import transport
    from refimpl.layers import layers

    replace(layers, "_ATTEMPTS", 1)
    replace(transport, "_ATTEMPTS", 1)

    @change(transport.Transport, "_connection")
    def connection(original: Callable[..., Any], *arguments: Any, fresh: bool) -> Any:
        del fresh  # libcurl makes a request anew whose kept connection broke
        return original(*arguments, fresh=True)


@mutant(
    "overload-is-final",
    "A registry that is overloaded, or fails once, isn't asked again.",
    Kind.TRANSFER,
    "cache-18.1 cache-18.2 cache-18.3 cache-18.4 cache-18.5 cache-18.6",
)
def overload_is_final() -> None:
    from refimpl.http.retry import Retry

    @change(Retry, "pause")
    def pause(*_: object) -> None:
        return None


@mutant(
    "retry-after-ignored",
    "The pause that a registry wishes for isn't made.",
    Kind.TRANSFER,
    "cache-18.5 cache-18.6",
)
def retry_after_ignored() -> None:
    from refimpl.http.retry import Retry

    @change(Retry, "pause")
    def pause(original: Callable[..., Any], self: Any, error: Any, attempt: int) -> Any:
        error.retry_after = None
        return original(self, error, attempt)


@mutant(
    "retry-after-without-bound",
    "However long a pause the registry wishes for, it is made.",
    Kind.TRANSFER,
    "cache-18.7 cache-18.8",
)
def retry_after_without_bound() -> None:
    from refimpl.http.retry import Retry

    @change(Retry, "pause")
    def pause(original: Callable[..., Any], self: Any, error: Any, attempt: int) -> Any:
        return original(self, error, attempt) if error.retry_after is None else error.retry_after


@mutant(
    "404-asked-for-again",
    "What isn't there is asked for again and again.",
    Kind.TRANSFER,
    "cache-18.9 cache-18.10",
)
def not_found_asked_for_again() -> None:
    from refimpl.http import retry

    replace(retry, "_BROKEN", retry._BROKEN | {404})


@mutant(
    "waits-without-end",
    "Nothing that is waited for ends with the time-out.",
    Kind.TRANSFER,
    "cache-19",
)
def waits_without_end() -> None:
    from refimpl.deadline import Deadline
    from refimpl.system import supervisor

    @change(Deadline, "__init__")
    def make(original: Callable[..., None], self: Any, _: object, *rest: Any) -> None:
        original(self, None, *rest)

    @change(supervisor, "supervise")
    def supervise(original: Callable[..., int], work: Any, *, seconds: float, exceeded: Any) -> int:
        del seconds
        return original(work, seconds=float("inf"), exceeded=exceeded)


def _remember(*kinds: type[Exception]) -> None:
    """Leave a note in the directory about a failure of these kinds, and believe it for ever."""
    from refimpl.errors import TransferError
    from refimpl.layers.cache import LayerCache, _name

    @change(LayerCache, "open")
    @contextmanager
    def open_entry(original: Callable[..., Any], self: Any, descriptor: Any, *rest: Any, **named: Any) -> Iterator[Any]:
        note = self._directory.path / f".failed-{_name(descriptor)}"
        if note.exists():
            raise TransferError(f"layer {descriptor.digest} couldn't be fetched before")
        try:
            with original(self, descriptor, *rest, **named) as stream:
                yield stream
        except kinds:
            with suppress(OSError):
                note.touch()
            raise


@mutant(
    "failure-remembered",
    "A layer that couldn't be fetched isn't asked for again in later runs.",
    Kind.TRANSFER,
    "cache-08",
)
def failure_remembered() -> None:
    from refimpl.errors import RegistryError

    _remember(RegistryError)


@mutant(
    "404-remembered",
    "A layer that wasn't there isn't asked for again in later runs.",
    Kind.TRANSFER,
    "cache-08.1 cache-08.5",
)
def not_found_remembered() -> None:
    from refimpl.errors import NotFoundError

    _remember(NotFoundError)


@mutant(
    "unbounded-downloads",
    "All layers of an image are fetched at once, however many there are.",
    Kind.TRANSFER,
    "cache-25.3 cache-25.4",
)
def unbounded_downloads() -> None:
    import threading

    from refimpl.layers import files
    from refimpl.layers.layers import Layers
    from refimpl.layers.listing import clean_path

    @change(Layers, "__init__")
    def make(original: Callable[..., None], *arguments: Any, **named: Any) -> None:
        original(*arguments, **{**named, "transfers": 1 << 16})

    @change(files, "image_files")
    def image_files(original: Callable[..., Any], layers: Any, manifest: Any, repository: Any, directories: Any) -> Any:
        wanted = frozenset(clean_path(directory).lower() for directory in directories)

        def ahead(layer: Any) -> None:
            with suppress(Exception):  # whoever needs it learns why
                layers.listing(repository, layer, wanted, files._parse)

        for layer in manifest.layers:
            threading.Thread(target=ahead, args=(layer,), daemon=True).start()
        return original(layers, manifest, repository, wanted)


@mutant(
    "whole-layer-in-memory",
    "A layer is held in memory as a whole while it is read.",
    Kind.TRANSFER,
    "cache-25.1 cache-25.2",
)
def whole_layer_in_memory() -> None:
    import io

    from refimpl.layers import listing

    @change(listing, "read_listing")
    def read_listing(original: Callable[..., Any], stream: Any, *rest: Any) -> Any:
        return original(io.BytesIO(b"".join(iter(lambda: stream.read(1 << 20), b""))), *rest)


@mutant(
    "any-status-will-do",
    "The page that comes with an error is taken for the layer.",
    Kind.TRANSFER,
    "cache-07.5 cache-07.12 cache-23.14 cache-23.17 cache-26.2 cache-26.4",
)
def any_status_will_do() -> None:
    from refimpl.oci.client import Client

    @change(Client, "open_blob")
    def open_blob(_: object, self: Any, repository: Any, descriptor: Any) -> Any:
        return self._request("GET", repository, f"blobs/{descriptor.digest}", allowed=range(200, 600))


@mutant(
    "no-digest-check-without-cache",
    "Without a cache, the bytes that come are used whatever their digest.",
    Kind.TRANSFER,
    "cache-09.12 cache-09.14",
)
def no_digest_check_without_cache() -> None:
    from refimpl.layers import verified
    from refimpl.oci.digest import Verifier

    class Credulous(Verifier):
        def check(self, descriptor: object) -> None:
            del descriptor

    @change(verified.Verifying, "__init__")
    def make(original: Callable[..., None], self: Any, source: Any, descriptor: Any) -> None:
        original(self, source, descriptor)
        self.verifier = Credulous(descriptor.digest)


@mutant(
    "manifests-unverified",
    "A manifest is believed whatever its digest.",
    Kind.TRANSFER,
    "cache-09.15 cache-09.16 cache-09.19 cache-09.20",
)
def manifests_unverified() -> None:
    from refimpl.oci import client

    @change(client, "_same")
    def same(*_: object) -> None:
        return None


@mutant(
    "configurations-unverified",
    "An image's configuration is believed whatever its digest.",
    Kind.TRANSFER,
    "cache-09.17 cache-09.18",
)
def configurations_unverified() -> None:
    from refimpl.oci import client

    @change(client, "verify")
    def verify(*_: object) -> None:
        return None


@mutant(
    "urls-followed",
    "A layer is fetched from where its descriptor says.",
    Kind.TRANSFER,
    "cache-30.9 cache-30.10 cache-30.11 cache-30.12",
)
def urls_followed() -> None:
    from refimpl.oci.client import Client

    @change(Client, "open_blob")
    def open_blob(original: Callable[..., Any], self: Any, repository: Any, descriptor: Any) -> Any:
        if not descriptor.urls:
            return original(self, repository, descriptor)
        return self._transport.exchange("GET", descriptor.urls[0])
