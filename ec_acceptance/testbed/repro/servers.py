"""What a scenario's servers have at one moment: cheap to take, and made a document of only when that is wanted."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.registry.auth import Basic, Bearer
from ec_acceptance.testbed.registry.repository import Repository, UnexpectedAnswerError
from ec_acceptance.testbed.repro.faults import describe_rule
from ec_acceptance.testbed.servers.blob_storage import Storage
from ec_acceptance.testbed.servers.http import Response
from ec_acceptance.testbed.servers.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ssl import SSLContext

    from ec_acceptance.testbed.gate.contents import Names
    from ec_acceptance.testbed.gate.gate import Gate
    from ec_acceptance.testbed.gate.rules import Rule
    from ec_acceptance.testbed.rekor.log import LogEntry
    from ec_acceptance.testbed.rekor.server import RekorServer
    from ec_acceptance.testbed.repro.archive import Blobs
    from ec_acceptance.testbed.servers.certificates import Authority
    from ec_acceptance.testbed.servers.cluster import ClusterServer
    from ec_acceptance.testbed.servers.git import GitServer
    from ec_acceptance.testbed.servers.git import Repository as GitRepository
    from ec_acceptance.testbed.servers.third_party import ThirdParty

__all__ = ["Moment", "describe_servers"]


@dataclass(slots=True)
class Moment:
    """The servers, and what changes about them, taken by reference: nothing is copied but names.

    Attributes:
        gate: the registry.
        registry_tls: its certificate, if it has one.
        rules: those in force, each with the number of requests that it had seen.
        git: may be None, as the others, when the scenario has none.
        cluster_names: what its certificate is for; none without TLS.
        nobody: a port at which nobody listens.
        others: what steps started.
        first_entry: of `RekorServer.log.wanted`, the first that is the scenario's own.
    """

    gate: Gate
    registry_tls: SSLContext | None
    git: GitServer | None
    rekor: RekorServer | None
    cluster: ClusterServer | None
    cluster_names: tuple[str, ...]
    third_parties: tuple[ThirdParty, ...]
    others: tuple[object, ...]
    nobody: int | None
    first_entry: int
    rules: dict[Rule, int] = field(default_factory=dict)
    names: Mapping[str, Names] = field(default_factory=dict)
    repositories: dict[str, tuple[GitRepository, dict[bytes, bytes]]] = field(default_factory=dict)
    log_size: int = 0
    objects: list[dict[str, Any]] = field(default_factory=list)
    faults: Any = None
    mirrored: dict[int, dict[str, bytes | Response | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = self.gate.contents.names()
        self.note_rules()
        if self.git is not None:
            self.repositories = {
                name: (repository, dict(repository.stored.refs.as_dict()))  # type: ignore[arg-type]  # bytes, by name
                for name, repository in self.git.repositories.items()
            }
        if self.rekor is not None:
            self.log_size, self.faults = self.rekor.log.size, self.rekor.faults
        if self.cluster is not None:
            self.objects = self.cluster.objects
        for server in self.others:
            if isinstance(files := getattr(server, "files", None), dict):  # a TUF mirror: its module is loaded by few
                self.mirrored[id(server)] = dict(files)

    def note_rules(self) -> None:
        """Take the rules that have come since."""
        for rule in self.gate.rules:
            self.rules.setdefault(rule, rule.seen)


def describe_servers(moment: Moment, authority: Authority, blobs: Blobs) -> dict[str, Any]:
    """The servers as members of a document; what can't be served again is noted in `left_out`."""
    described: dict[str, Any] = {"registry": _registry(moment, authority, blobs)}
    if moment.git is not None:
        described["git"] = _git(moment.git, moment.repositories, blobs)
    if moment.rekor is not None:
        described["rekor"] = _rekor(moment, moment.rekor, blobs)
    if moment.cluster is not None:
        described["cluster"] = {
            "port": _port(moment.cluster.url),
            "names": list(moment.cluster_names),
            "token": moment.cluster.token,
            "objects": moment.objects,
            "forbidden": [list(one) for one in moment.cluster.forbidden],
        }
    described["strangers"] = [
        {"port": _port(one.address), "tls": one.secure, "onward": one.onward} for one in moment.third_parties
    ]
    if moment.nobody is not None:
        described["nobody"] = moment.nobody
    described["others"] = list(_others(moment.others, moment.mirrored, blobs))
    return described


def _registry(moment: Moment, authority: Authority, blobs: Blobs) -> dict[str, Any]:
    gate = moment.gate
    tls = moment.registry_tls
    return {
        "port": _port(gate.address),
        "names": list(authority.names(tls)) if tls is not None else [],
        "guard": _guard(gate.guard, blobs),
        "repositories": {
            name: _repository(gate.repository(name), names, blobs) for name, names in moment.names.items()
        },
        "rules": [describe_rule(rule, seen, blobs) for rule, seen in moment.rules.items()],
    }


def _repository(repository: Repository, names: Names, blobs: Blobs) -> dict[str, Any]:
    contents: dict[str, str | None] = {}
    for digest in names.blobs:
        algorithm, _, digits = digest.partition(":")
        if algorithm == "sha256" and digits in blobs.contents:  # of an earlier moment, or another repository
            contents[digest] = digits
            continue
        with suppress(UnexpectedAnswerError, OSError):
            what = f"the blob {digest}"
            fits = blobs.has_room(repository.blob_size(digest), what)
            contents[digest] = blobs.add(repository.blob(digest), what) if fits else None
    manifests: list[list[str | None]] = []
    for digest, media_type in names.manifests.items():
        with suppress(UnexpectedAnswerError, OSError):
            body = repository.manifest(digest)[1]
            manifests.append([digest, media_type, blobs.add(body, f"the manifest {digest}")])
    lost = [*(one for one in names.blobs if one not in contents)]
    lost += [one for one in names.manifests if one not in {manifest[0] for manifest in manifests}]
    blobs.left_out += [f"{digest} of {repository.name}, which the registry doesn't have any more" for digest in lost]
    return {"blobs": contents, "manifests": manifests, "tags": names.tags}


def _guard(guard: object, blobs: Blobs) -> dict[str, Any] | None:
    if guard is None:
        return None
    if isinstance(guard, Basic | Bearer):
        values = {one.name: getattr(guard, one.name) for one in fields(guard) if one.init}
        return {"scheme": type(guard).__name__, **values}
    blobs.left_out.append(f"who may use the registry: {type(guard).__name__}")
    return None


def _git(
    server: GitServer, repositories: Mapping[str, tuple[GitRepository, dict[bytes, bytes]]], blobs: Blobs
) -> dict[str, Any]:
    described = {}
    for name, (repository, refs) in repositories.items():
        store = repository.stored.object_store
        objects = [store[one] for one in store]
        described[name] = {
            "branch": repository.default_branch,
            "refs": {ref.decode(): sha.decode() for ref, sha in refs.items() if ref != b"HEAD"},
            "objects": [
                [one.type_num, blobs.add(one.as_raw_string(), f"an object of {name}")]
                for one in sorted(objects, key=lambda one: one.id)
            ],
        }
    files = {
        name: {"content": blobs.add(content, f"the file {name}"), "cut": cut}
        for name, (content, cut) in server.files.items()
    }
    return {"port": _port(server.url), "repositories": described, "files": files}


def _rekor(moment: Moment, server: RekorServer, blobs: Blobs) -> dict[str, Any]:
    """The log at its size then: entries of other scenarios are there as hashes alone."""
    log, faults = server.log, moment.faults
    own = {index for index in log.wanted[moment.first_entry :] if index < moment.log_size}
    entries = [entry for index in sorted(own) if (entry := log.by_index(index)) is not None]
    leaves = b"".join(log.leaves(moment.log_size))
    return {
        "port": _port(server.url),
        "name": log.name,
        "tree": log.tree_id,
        "key": log.key.private_pem,
        "leaves": blobs.add(leaves, "the log's hashes"),
        "entries": [_entry(entry, log.search_terms(entry), blobs) for entry in entries],
        "faults": {
            one.name: _fault(getattr(faults, one.name))
            for one in fields(faults)
            if getattr(faults, one.name) != one.default
        },
    }


def _entry(entry: LogEntry, found_by: Iterable[str], blobs: Blobs) -> dict[str, Any]:
    kept = entry.attestation
    return {
        "index": entry.index,
        "time": entry.integrated_time,
        "body": blobs.add(entry.body, f"the log's entry {entry.index}"),
        "attestation": None if kept is None else blobs.add(kept, f"what is beside the log's entry {entry.index}"),
        "found_by": list(found_by),
    }


def _fault(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value.private_pem if hasattr(value, "private_pem") else value


def _others(
    servers: Iterable[object], mirrored: Mapping[int, Mapping[str, bytes | Response | None]], blobs: Blobs
) -> Iterable[dict[str, Any]]:
    for server in servers:
        if isinstance(server, Storage):
            yield {"kind": "storage", "port": _port(server.address), "repository": server.repository}
        elif isinstance(server, Proxy):
            yield {"kind": "proxy", "port": _port(server.url), "scheme": server.scheme}
        elif (files := mirrored.get(id(server))) is not None:
            contents = {path: _file(content, f"the mirror's {path}", blobs) for path, content in files.items()}
            yield {"kind": "mirror", "port": _port(str(getattr(server, "url", ""))), "files": contents}
        else:
            blobs.left_out.append(f"a server that can't be served again: {type(server).__name__}")
            yield {"kind": "unknown"}


def _file(content: bytes | Response | None, what: str, blobs: Blobs) -> Any:
    """What a mirror serves: the digest of bytes, a whole answer, or None for bytes without end."""
    if isinstance(content, Response):
        assert isinstance(content.body, bytes)
        return {"status": content.status, "fields": content.headers, "content": blobs.add(content.body, what)}
    return None if content is None else blobs.add(content, what)


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
