"""The few objects that are read from a Kubernetes cluster, for all who may want one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.deadline import Deadline
    from refimpl.kubernetes.client import Client


class Cluster:
    """A cluster by its configuration; nothing is read, and no client loaded, before something is wanted.

    The file of ``--kubeconfig`` says where policies and snapshots are. The namespace of a bare name, and secrets, go by
    the usual rules without that flag: ``KUBECONFIG``, ``$HOME`` or the pod.
    """

    def __init__(self, environ: Mapping[str, str], *, kubeconfig: str = "", deadline: Deadline | None = None) -> None:
        self._environ = environ
        self._kubeconfig = kubeconfig
        self._deadline = deadline

    def policy(self, reference: str) -> dict[str, Any]:
        """See `Client.policy`."""
        return self._client.policy(reference)

    def snapshot(self, reference: str) -> dict[str, Any]:
        """See `Client.snapshot`."""
        return self._client.snapshot(reference)

    def secret(self, namespace: str, name: str) -> dict[str, bytes]:
        """See `Client.secret`."""
        return self._client.secret(namespace, name)

    @cached_property
    def _client(self) -> Client:
        from refimpl.kubernetes.client import Client

        return Client(self._environ, kubeconfig=self._kubeconfig, deadline=self._deadline)
