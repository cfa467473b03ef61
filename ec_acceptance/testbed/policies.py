"""Where policies and their data come from: folders, revisions in git, files over https, artifacts in the registry.

Examples are files below `features/examples`, named by their path there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.archive import gzip, tar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.git import Repository
    from ec_acceptance.testbed.world import World

__all__ = [
    "add_folder",
    "archive",
    "branch_off",
    "move_on",
    "push_artifact",
    "push_layers",
    "push_packed",
    "serve_archive",
    "tag_commit",
]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.cncf.openpolicyagent.config.v1+json"
_LAYER = "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego"
_UNPACK = "io.deis.oras.content.unpack"
_TITLE = "org.opencontainers.image.title"


def add_folder(world: World, name: str, files: Mapping[str, str]) -> None:
    """Copy examples into a folder of the place in which the validator is started: path in the folder → example."""
    for path, data in _content(world, files).items():
        target = world.work / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def branch_off(world: World, name: str, branch: str, files: Mapping[str, str]) -> None:
    """Give a git repository a branch, with a commit that adds these examples to what the default branch has."""
    repository = world.git.repository(name)
    repository.branch(branch)
    _remember(world, repository.commit(_content(world, files), branch=branch), name, branch)


def move_on(world: World, name: str, files: Mapping[str, str]) -> None:
    """Add a commit with these examples to a git repository's default branch; what it had is in `${NAME_BEFORE}`."""
    repository = world.git.repository(name)
    world.made[f"{name}_BEFORE"] = repository.head
    _remember(world, repository.commit(_content(world, files)), name, "moved on")


def tag_commit(world: World, name: str, tag: str, *, annotated: bool) -> None:
    """Tag the newest commit of a git repository's default branch."""
    repository: Repository = world.git.repository(name)
    repository.tag(tag, message=f"Release {tag}" if annotated else None)


def push_artifact(world: World, name: str, files: Mapping[str, str], tag: str, *, times: int = 1) -> str:
    """Push examples as a policy artifact, a layer with its title for each; the digest is `${NAME_DIGEST}` too.

    All layers are listed several `times`.
    """
    layers = [_layer(world, name, path, data) for path, data in _content(world, files).items()]
    return push_layers(world, name, layers * times, tag)


def push_packed(world: World, name: str, packed: bytes) -> str:
    """Push a policy artifact, tagged `latest`, whose one layer is a folder packed by ORAS."""
    layer = _layer(world, name, "rules", packed)
    layer["annotations"][_UNPACK] = "true"
    return push_layers(world, name, [layer], "latest")


def push_layers(world: World, name: str, layers: Sequence[Mapping[str, Any]], tag: str) -> str:
    """Push a policy artifact of these descriptors; the digest is `${NAME_DIGEST}` too."""
    repository = world.gate.repository(name)
    config = b"{}"
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "digest": repository.put_blob(config), "size": len(config)},
        "layers": layers,
    }
    pushed = repository.put_manifest(json.dumps(manifest, separators=(",", ":")).encode(), _MANIFEST, tag=tag)
    world.known.add(f"digest of {name}:{tag}", pushed)
    world.made[f"{name.rpartition('/')[2]}_DIGEST"] = pushed
    return pushed


def serve_archive(world: World, name: str, files: Mapping[str, str]) -> None:
    """Serve examples as one tar.gz beside the git repositories, at `https://${GITHOST}/files/NAME`."""
    world.git.serve(name, archive(world, files))


def archive(world: World, files: Mapping[str, str]) -> bytes:
    """Examples as a tar.gz: path in it → example."""
    return gzip(tar(_content(world, files))[0])[0]


def _layer(world: World, name: str, title: str, data: bytes) -> dict[str, Any]:
    digest = world.gate.repository(name).put_blob(data)
    return {"mediaType": _LAYER, "digest": digest, "size": len(data), "annotations": {_TITLE: title}}


def _remember(world: World, commit: str, name: str, what: str) -> None:
    world.known.add(f"commit of {name}, {what}", commit)


def _content(world: World, files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: (world.services.examples / example).read_bytes() for path, example in files.items()}
