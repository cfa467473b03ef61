"""Asks a Kubernetes cluster for objects (specification 10 §2.5, 30 §10)."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from refimpl.deadline import Deadline
from refimpl.errors import Error, InputError, KeyMaterialError, NotSupportedError, PolicyError, RegistryError
from refimpl.golang import base64text, quoting
from refimpl.golang.url import encode
from refimpl.http import codes
from refimpl.kubernetes import kubeconfig
from refimpl.kubernetes.exec_plugin import Credential, Plugin, PluginError, run
from refimpl.kubernetes.kubeconfig import Access, ConfigurationError
from refimpl.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from refimpl.http.proxy import Proxy
    from refimpl.http.tls import TLS

_GROUP = "/apis/appstudio.redhat.com/v1alpha1"
_LARGEST_OBJECT = 8 << 20  # bytes; etcd takes 1.5 MiB
_PLUGIN_SECONDS = 60.0
_LONGEST = 21  # characters; a 64-bit integer has 20 at most
_NOT_IN_CLUSTER = (
    "error creating REST client config in-cluster: unable to load in-cluster configuration, "
    "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"
)


class _RequestError(Error):
    """The cluster's answer, or that there is none; becomes an error of the thing that was wanted."""


class Client:
    """Reads the configuration and asks the cluster; see `refimpl.kubernetes.cluster.Cluster`."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        kubeconfig: str = "",
        deadline: Deadline | None = None,
        service_account: Path = kubeconfig.SERVICE_ACCOUNT,
    ) -> None:
        self._environ = environ
        self._explicit = kubeconfig
        self._deadline = deadline or Deadline(None)
        self._service_account = service_account
        self._given: tuple[Plugin, Credential] | None = None

    def policy(self, reference: str) -> dict[str, Any]:
        """The ``spec`` of the EnterpriseContractPolicy ``[<namespace>/]<name>``.

        Raises:
            PolicyError: no cluster is configured, or it doesn't give the object.
        """
        try:
            access = self._read_configuration(self._explicit)
        except ConfigurationError as error:
            raise PolicyError(f"cannot initialize Kubernetes client: {error}") from None
        try:
            return self._spec(access, "enterprisecontractpolicies", "policy", reference)
        except (ConfigurationError, _RequestError) as error:
            raise PolicyError(f"unable to fetch EnterpriseContractPolicy: {error}") from None

    def snapshot(self, reference: str) -> dict[str, Any]:
        """The ``spec`` of the Snapshot ``[<namespace>/]<name>``.

        Raises:
            InputError: no cluster is configured, or it doesn't give the object.
        """
        try:
            return self._spec(self._read_configuration(self._explicit), "snapshots", "snapshot", reference)
        except (ConfigurationError, _RequestError) as error:
            raise InputError(str(error)) from None

    def secret(self, namespace: str, name: str) -> dict[str, bytes]:
        """The data of a Secret, decoded.

        Raises:
            KeyMaterialError: no cluster is configured, or it doesn't give the object.
        """
        try:
            access = kubeconfig.load("", self._environ)
        except ConfigurationError as error:
            raise KeyMaterialError(f"new for config: error creating REST client config: {error}") from None
        try:
            access = access or kubeconfig.load_service_account(self._environ, self._service_account)
        except ConfigurationError as error:
            raise KeyMaterialError(f"new for config: error creating REST client config in-cluster: {error}") from None
        if access is None:
            raise KeyMaterialError(f"new for config: {_NOT_IN_CLUSTER}")
        try:
            data = self._get(access, "/api/v1", namespace, "secrets", name).get("data") or {}
            return {key: base64text.decode(value) for key, value in data.items()}
        except _RequestError as error:
            raise KeyMaterialError(f"checking if secret exists: {error}") from None
        except (AttributeError, TypeError, ValueError):
            raise KeyMaterialError(f"secret {quoting.quote(name)} has data that isn't base64") from None

    def _read_configuration(self, explicit: str) -> Access:
        access = kubeconfig.load(explicit, self._environ)
        if access is None and kubeconfig.is_pod(self._environ, self._service_account):
            access = kubeconfig.load_service_account(self._environ, self._service_account)
        if access is None:
            raise ConfigurationError(kubeconfig.NO_CONFIGURATION)
        return access

    def _spec(self, access: Access, plural: str, singular: str, reference: str) -> dict[str, Any]:
        namespace, slash, name = reference.partition("/")
        if not slash:
            current = self._read_configuration("")
            namespace = kubeconfig.current_namespace(current, self._environ, self._service_account)
            name = reference
        if not namespace:
            raise _RequestError(f"unable to determine namespace for {singular}")
        spec = self._get(access, _GROUP, namespace, plural, name).get("spec") or {}
        if not isinstance(spec, dict):
            raise _RequestError(f"the spec of {quoting.quote(name)} isn't an object")
        return spec

    def _get(self, access: Access, api: str, namespace: str, plural: str, name: str) -> dict[str, Any]:
        if not name:
            raise _RequestError("name is required")
        _check_segment("namespace", namespace)
        _check_segment("resource name", name)
        server = access.server if "://" in access.server else f"http://{access.server}"
        url = f"{server.rstrip('/')}{api}/namespaces/{quote(namespace, safe='')}/{plural}/{quote(name, safe='')}"
        status, body = self._fetch(access, url)
        try:
            document = json.loads(body, parse_int=_integer)
        except (ValueError, RecursionError):
            document = None
        if status == codes.OK and isinstance(document, dict):
            return document
        if isinstance(document, dict) and document.get("kind") == "Status" and isinstance(document.get("message"), str):
            raise _RequestError(document["message"])
        raise _RequestError(_status_text(status, body, plural, name))

    def _fetch(self, access: Access, url: str) -> tuple[int, bytes]:
        if not url.startswith(("http://", "https://")):
            raise _RequestError(
                f"Get {quoting.quote(url)}: unsupported protocol scheme {quoting.quote(url.partition('://')[0])}"
            )
        from refimpl.http.tls import TLS
        from refimpl.http.transport import Transport  # only who asks a cluster pays for it

        headers: dict[str, str | Sequence[str]]
        headers = {"Accept": "application/json", "Connection": "close"}  # one object is all that is asked for
        authorization, tls = "", TLS()
        if url.startswith("https://"):  # credentials never travel in the clear
            if access.provider:
                raise NotSupportedError(
                    f"auth-provider {quoting.quote(access.provider)} in a kubeconfig is not supported: "
                    "name a credential plugin (exec) in its place"
                )
            access = self._with_credential(access, url)
            authorization = _authorization(access)
            headers |= access.acting
            tls = _tls(access)
        proxy = _proxy(access) if access.proxy else None
        transport = Transport(self._environ, self._deadline, user_agent="ec-ref", tls=tls, proxy=proxy)
        try:
            with transport.exchange("GET", url, headers, authorization=authorization) as response:
                body = response.read_all(_LARGEST_OBJECT)
                if response.status != codes.OK:
                    body = response.without_credentials(body.decode("utf-8", "replace")).encode()
                return response.status, body
        except RegistryError as error:
            raise _RequestError(str(error)) from None
        finally:
            transport.close()

    def _with_credential(self, access: Access, url: str) -> Access:
        """The access with what its plugin gives, where it has no credentials of its own."""
        plugin = access.plugin
        if plugin is None or access.token or access.username or access.certificate:
            return access
        if self._given is None or self._given[0] != plugin or _has_expired(self._given[1]):
            try:
                self._given = plugin, run(plugin, self._environ, self._deadline.cap(_PLUGIN_SECONDS))
            except PluginError as error:
                self._deadline.check()
                raise _RequestError(f"Get {quoting.quote(url)}: getting credentials: {error}") from None
        known = self._given[1]
        return replace(access, token=known.token, certificate=known.certificate, private_key=known.private_key)


def _has_expired(credential: Credential) -> bool:
    if credential.expires is None:
        return False
    from datetime import UTC, datetime

    return credential.expires <= datetime.now(UTC)


def _check_segment(what: str, text: str) -> None:
    """Refuse what cannot stand in a path (Kubernetes: IsValidPathSegmentName)."""
    problems = [f"may not be '{text}'"] if text in (".", "..") else []
    problems += [f"may not contain '{character}'" for character in "/%" if character in text]
    if problems:
        raise _RequestError(f"invalid {what} {quoting.quote(text)}: [{' '.join(problems)}]")


def _status_text(status: int, body: bytes, plural: str, name: str) -> str:
    """What is said about an answer that isn't a Kubernetes status."""
    if status == codes.NOT_FOUND:
        return "the server could not find the requested resource"
    if status == codes.UNAUTHORIZED:
        return "the server has asked for the client to provide credentials"
    said = quoting.quote(body[:2048].decode("utf-8", "replace").strip() or "unknown")
    return f"an error on the server ({said}) has prevented the request from succeeding (get {plural} {name})"


def _authorization(access: Access) -> str:
    if access.token:
        return f"Bearer {access.token}"
    if access.username:
        pair = encode(f"{access.username}:{access.password}")
        return f"Basic {base64.b64encode(pair).decode()}"
    return ""


def _tls(access: Access) -> TLS:
    from refimpl.http.tls import TLS, certificates

    authorities = None if access.insecure else access.authority
    if authorities is not None and not any(certificates(authorities)):
        raise _RequestError("unable to load root certificates: unable to parse bytes as PEM block")
    return TLS(
        verify=not access.insecure,
        authorities=authorities,
        certificate=access.certificate or b"",
        private_key=access.private_key or b"",
        server_name=access.server_name,
    )


def _proxy(access: Access) -> Proxy:
    from refimpl.http.proxy import parse_proxy

    try:
        return parse_proxy(access.proxy)
    except RegistryError as error:
        raise _RequestError(
            f"invalid configuration: invalid 'proxy-url' {quoting.quote(access.proxy)}: {error}"
        ) from None


def _integer(text: str) -> int | float:
    """Integers as Kubernetes' clients have them: exact within 64 bits, else the nearest float."""
    if len(text) < _LONGEST and -(1 << 63) <= (number := int(text)) < 1 << 63:
        return number
    nearest = float(text)
    if math.isinf(nearest):
        raise ValueError(f"no float is near {text}")
    return nearest
