"""``ec-conformance fixtures up``: a registry, a transparency log, git and a cluster, for trying validators by hand."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ec_acceptance.conformance.errors import BrokenError, Exit, UsageError
from ec_acceptance.testbed.trees import remove_tree

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

__all__ = ["add_arguments", "main"]

_KEY = "known"
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_TICK = 0.2  # seconds: Windows delivers signals only between waits, and others perhaps to another thread
_COMMON_STATUS = 128  # a shell adds it to the number of a signal
_EPILOG = """variables:
  EC_REGISTRY                address of the registry, which speaks plain http
  EC_REKOR_URL               URL of the transparency log
  EC_GITHOST                 address of the git server, which speaks https: git::https://$EC_GITHOST/git/NAME.git
  KUBECONFIG                 of the cluster, whose namespace is acceptance
  EC_KEY, EC_PUBLIC_KEY      files with a key pair
  SIGSTORE_REKOR_PUBLIC_KEY  file with the log's public key
  SSL_CERT_FILE              file with the certificate authority of the git server

With -- COMMAND the command runs with these variables, and all ends with it; the status is the command's.
Else the variables are printed, and all ends by SIGINT or SIGTERM. Nothing is left behind.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.usage = "ec-conformance fixtures up [option …] [-- command …]"
    parser.epilog = _EPILOG
    parser.add_argument("what", choices=["up"], help="start them")
    parser.add_argument(
        "--git", action="append", default=[], metavar="NAME=FOLDER", help="serve a folder as a git repository"
    )
    parser.add_argument(
        "--policy", action="append", default=[], metavar="NAME=FILE", help="keep a policy configuration in the cluster"
    )
    parser.add_argument("--env", type=Path, metavar="FILE", help="also write the variables to this file, until the end")


def main(given: argparse.Namespace) -> int:
    """Serve until a signal comes or the command ends."""
    from ec_acceptance.testbed.errors import InputError

    stopped: list[int] = []  # an Event has a lock, for which a handler would wait that came while this thread had it
    before = {number: signal.signal(number, lambda got, _: stopped.append(got)) for number in _SIGNALS}
    try:
        with ExitStack() as stack:
            variables = _start(stack, given)
            if given.rest:
                return _run(given.rest, variables, stopped)
            lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
            if given.env is not None:
                _write(given.env, lines)
                stack.callback(given.env.unlink, missing_ok=True)
            sys.stdout.write(lines)
            sys.stdout.flush()
            while not stopped:
                time.sleep(_TICK)
    except InputError as error:
        raise UsageError(str(error)) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return Exit.CONFORMANT


def _start(stack: ExitStack, given: argparse.Namespace) -> Mapping[str, str]:
    """Start what is served; the answer is the variables that say where it is."""
    from ec_acceptance.testbed.fixtures.own import read_folder
    from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
    from ec_acceptance.testbed.rekor import Log, RekorServer
    from ec_acceptance.testbed.servers.certificates import Authority
    from ec_acceptance.testbed.servers.cluster import ClusterServer
    from ec_acceptance.testbed.servers.git import GitServer, Repository
    from ec_acceptance.testbed.signing import KeyPair

    trees = {name: read_folder(path) for name, path in _pairs(given.git, "--git NAME=FOLDER")}
    policies = dict(_pairs(given.policy, "--policy NAME=FILE"))
    folder = Path(tempfile.mkdtemp(prefix="ec-fixtures-"))
    stack.callback(remove_tree, folder)
    authority = Authority()
    log = Log(KeyPair.derive("fixtures", "transparency log"))
    key = KeyPair.derive("fixtures", _KEY)
    texts = {"rekor.pub": log.public_pem, "known.key": key.private_pem, "known.pub": key.public_pem}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="ascii")
    try:
        registry = EmbeddedRegistry()
        stack.callback(registry.close)
        rekor = stack.enter_context(RekorServer(log))
        git = stack.enter_context(GitServer(tls=authority.server))
        cluster = stack.enter_context(ClusterServer())
    except OSError as error:
        raise BrokenError(f"no server can be started here: {error.strerror}") from None
    for name, files in trees.items():
        repository = Repository()
        repository.commit(files)
        git.add(name, repository)
    variables = {
        "EC_REGISTRY": registry.url.removeprefix("http://"),
        "EC_REKOR_URL": rekor.url,
        "EC_GITHOST": git.address,
        "KUBECONFIG": str(cluster.kubeconfig(folder / "kubeconfig", namespace="acceptance")),
        "EC_KEY": str(folder / "known.key"),
        "EC_PUBLIC_KEY": str(folder / "known.pub"),
        "SIGSTORE_REKOR_PUBLIC_KEY": str(folder / "rekor.pub"),
        "SSL_CERT_FILE": str(authority.write(folder / "ca.pem")),
    }
    for name, path in policies.items():
        cluster.policy("acceptance", name, _policy(path, variables))
    return variables


def _policy(path: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """A policy configuration, with `$EC_GITHOST` and its like replaced."""
    from string import Template

    from ec_acceptance.testbed.fixtures.own import read_file, read_predicate

    text = Template(read_file(path).decode("utf-8", "replace")).safe_substitute(variables)
    return read_predicate(text, str(path))


def _pairs(texts: Sequence[str], form: str) -> list[tuple[str, Path]]:
    pairs = [text.partition("=") for text in texts]
    for text, (name, _, path) in zip(texts, pairs, strict=True):
        if not (name and path):
            raise UsageError(f"{text}: it must be {form}")
    return [(name, Path(path)) for name, _, path in pairs]


def _run(command: Sequence[str], variables: Mapping[str, str], stopped: Sequence[int]) -> int:
    """Run a command; a signal that comes meanwhile is the command's."""
    try:
        process = subprocess.Popen(list(command), env={**os.environ, **variables})
    except OSError as error:
        raise UsageError(f"{command[0]}: {error.strerror}") from None
    told = False
    while True:
        try:
            status = process.wait(0.1)
        except subprocess.TimeoutExpired:
            if stopped and not told:
                told = True
                process.terminate()
        else:
            return status if status >= 0 else _COMMON_STATUS - status


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise UsageError(f"--env {path}: {error.strerror}") from None
