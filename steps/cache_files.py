"""Damage to the files in the validator's cache directory, and what the validator must make of it."""

from __future__ import annotations

import shutil
import zlib

from behave import given, step, then, use_step_matcher, when

from ec_acceptance.testbed.cache.damage import damage
from ec_acceptance.testbed.cache.directory import Entry
from ec_acceptance.testbed.cache.file_system_guard import unportable
from ec_acceptance.testbed.fixtures.images import Image, Published
from ec_acceptance.testbed.gate.log import NotReachedError
from ec_acceptance.testbed.scenario.behave_context import Context, rows


def _entries(context: Context, artifact: str) -> tuple[Entry, ...]:
    """What is kept of a layer, under the digest of its compressed bytes or of its archive."""
    layer = context.world.fixtures.layer(artifact)
    return tuple(entry for entry in context.world.cache.entries() if entry.digest in {layer.digest, layer.diff_id})


def _documents(image: Published) -> tuple[str, ...]:
    """The digests of what an image has beside its layers."""
    return (image.digest, *((image.content.config_digest,) if isinstance(image.content, Image) else ()))


use_step_matcher("re")


@step(r"the cached copy of (?P<artifact>the .+) is (?P<words>cut|emptied|changed|replaced)(?P<how>.*)")
def a_damage(context: Context, artifact: str, words: str, how: str) -> None:
    entries = _entries(context, artifact)
    assert entries, f"nothing is kept of {artifact}: {context.world.cache.entries()}"
    for entry in entries:
        damage(words + how, entry, context.world.fixtures.layer(artifact))
    assert context.world.cache.damaged(), "nothing is damaged"


@then(r"the cache directory (?P<verb>keeps|doesn't keep) (?P<artifact>the .+)")
def is_kept(context: Context, verb: str, artifact: str) -> None:
    entries = _entries(context, artifact)
    if verb == "keeps":
        assert entries, f"nothing is kept of {artifact}: {context.world.cache.entries()}"
        damaged = [f"{entry.path} is {entry.damage}" for entry in entries if entry.damage]
        assert not damaged, f"{artifact}: {damaged}"
    else:
        assert not entries, f"there is something of {artifact}: {entries}"


use_step_matcher("parse")


@when("{artifact} is put away")
def is_put_away(context: Context, artifact: str) -> None:
    """It is in the cache directory, or no file is being written there: then it won't be.

    Until then a validator that never looks there may have what it needs from the download that it hasn't put away yet.
    """
    cache = context.world.cache
    context.world.injector.wait_for(
        lambda: bool(_entries(context, artifact)) or not cache.temporaries(), f"{artifact} in the cache directory"
    )


@given("the cache directory already has the files")
def foreign_files(context: Context) -> None:
    """`<digest>` stands for the digest of the shared layer, `<hex>` for the digits in it."""
    digest = context.world.fixtures.artifact("the shared layer").digest
    for (name,) in rows(context.table):
        text = name.replace("<digest>", digest).replace("<hex>", digest.partition(":")[2])
        path = context.world.cache.path / text
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(b"1\n")
    context.world.remembered = context.world.cache.content()


@then("the files that were there already are unchanged, but for those with a dot in front")
def foreign_files_stay(context: Context) -> None:
    now = context.world.cache.content()
    changed = {
        name: now.get(name, "gone")
        for name, digest in context.world.remembered.items()
        if not name.startswith(".") and now.get(name) != digest
    }
    assert not changed, f"files that aren't the validator's were touched: {changed}"


@given("the cache directory has the {content} of the shared layer under the name that older versions used")
def an_old_file(context: Context, content: str) -> None:
    layer = context.world.fixtures.layer("the shared layer")
    if layer.diff_id == layer.digest:
        raise NotReachedError("the shared layer isn't compressed")
    archive = zlib.decompress(layer.data, zlib.MAX_WBITS | 16)
    data = {
        "archive": archive,
        "archive without its padding": archive.rstrip(b"\0"),
        "half archive": archive[: len(archive) // 2],
        "empty archive": b"",
        "compressed bytes": layer.data,
    }[content]
    name = layer.digest if content == "compressed bytes" else layer.diff_id
    folder = context.world.cache.path
    folder.mkdir(parents=True, mode=0o700)
    (folder / name).write_bytes(data)


@then("each name in the cache directory is valid on Windows")
def names_are_portable(context: Context) -> None:
    no_name_is_unportable(context)
    assert context.world.cache.content(), f"there is nothing in {context.world.cache.path}"


@then("no name in the cache directory is invalid on Windows")
def no_name_is_unportable(context: Context) -> None:
    folder = context.world.cache.path
    names = sorted(path.relative_to(folder) for path in folder.rglob("*")) if folder.is_dir() else []
    wrong = {str(name): why for name in names for part in name.parts if (why := unportable(part))}
    assert not wrong, f"names that Windows doesn't allow: {wrong}"


@then("what was in the cache directory is still there")
def still_there(context: Context) -> None:
    now, index = context.world.cache.content(), context.world.cache.index()
    changed = {
        name: now.get(name, "gone")
        for name, old in context.world.remembered.items()
        if name not in index and now.get(name) != old
    }
    assert not changed, f"files that were changed or removed: {changed}"


@step("the cache directory is removed")
def removed(context: Context) -> None:
    path = context.world.cache.path
    assert path.exists(), f"there is no {path}, though a layer is being fetched"
    shutil.rmtree(path)


@then("there is no cache directory")
def no_cache_directory(context: Context) -> None:
    path = context.world.cache.path
    assert not path.exists(), f"{path} was made: {context.world.cache.content()}"


@then("the cache directory is empty")
def empty(context: Context) -> None:
    """Of layers: a manifest or a configuration of the scenario's own may be kept, and an index."""
    world = context.world
    others = {digest for image in world.fixtures.images.values() for digest in _documents(image)}
    fine = {entry.path for entry in world.cache.entries() if entry.digest in others and not entry.damage}
    kept = {world.cache.path / name for name in world.cache.content()} - fine
    kept -= {world.cache.path / name for name in world.cache.index()}
    assert not kept, f"the cache directory has {sorted(kept)}"


@then("only its owner can write to the cache directory and its files")
def modes(context: Context) -> None:
    place = context.world.cache.path
    folders = [place, place.parent, *(path for path in place.rglob("*") if path.is_dir())]
    assert place.is_dir(), f"there is no {place}"
    wrong = {str(path): oct(path.stat().st_mode & 0o7777) for path in folders if path.stat().st_mode & 0o777 != 0o700}
    assert not wrong, f"directories with other modes than 0700: {wrong}"
    files = [path for path in place.rglob("*") if path.is_file()]
    assert files, f"there is no file in {place}"
    open_files = {str(path): oct(path.stat().st_mode) for path in files if path.stat().st_mode & 0o022}
    assert not open_files, f"files that others may write: {open_files}"


@then("the cache directory has at most {size:d} bytes")
def has_at_most(context: Context, size: int) -> None:
    place = context.world.cache.path
    files = {str(path): path.stat().st_size for path in place.rglob("*") if path.is_file()}
    assert sum(files.values()) <= size, (
        f"the cache directory has {sum(files.values())} bytes, more than {size}: {files}"
    )
