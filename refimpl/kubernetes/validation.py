"""What the entries of a kubeconfig may say, as Kubernetes' clients judge it (client-go, `clientcmd/validation.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KINDS: Mapping[type, str] = {str: "a text", bool: "true or false", list: "a list", dict: "an object"}
_TYPES: Mapping[str, Mapping[str, type]] = {
    "clusters": {
        **dict.fromkeys(("server", "tls-server-name", "proxy-url"), str),
        **dict.fromkeys(("certificate-authority", "certificate-authority-data"), str),
        "insecure-skip-tls-verify": bool,
        "extensions": list,
    },
    "contexts": dict.fromkeys(("cluster", "user", "namespace"), str),
    "users": {
        **dict.fromkeys(("client-certificate", "client-certificate-data", "client-key", "client-key-data"), str),
        **dict.fromkeys(("token", "tokenFile", "username", "password", "as", "as-uid"), str),
        "as-groups": list,
        **dict.fromkeys(("as-user-extra", "auth-provider", "exec"), dict),
    },
    "exec": {
        **dict.fromkeys(("command", "apiVersion", "installHint", "interactiveMode"), str),
        **dict.fromkeys(("args", "env"), list),
        "provideClusterInfo": bool,
    },
}


def wrong_type(table: Mapping[str, Any], entries: str) -> str:
    """Which member of an entry is of the wrong type, in words; empty if none is. A member that is null is missing.

    Args:
        table: the content of the entry.
        entries: the list that it stands in: ``clusters``, ``contexts`` or ``users``; or ``exec``.
    """
    for name, kind in _TYPES[entries].items():
        value = table.get(name)
        if value is not None and not isinstance(value, kind):
            return f"{name} of an entry of {entries} isn't {_KINDS[kind]}"
    plugin = table.get("exec")
    return wrong_type(plugin, "exec") if entries == "users" and plugin is not None else ""


def cluster_problems(cluster: Mapping[str, Any], name: str) -> Iterator[str]:
    """What is wrong with a cluster's entry."""
    if cluster.get("certificate-authority") and cluster.get("certificate-authority-data"):
        yield (
            f"certificate-authority-data and certificate-authority are both specified for {name}. "
            "certificate-authority-data will override."
        )


def user_problems(user: Mapping[str, Any], name: str) -> Iterator[str]:
    """What is wrong with a user's entry, but for files that can't be read, plugins and whom to act as."""
    if not (user.get("client-certificate") or user.get("client-certificate-data")):
        return
    if user.get("client-certificate") and user.get("client-certificate-data"):
        yield f"client-cert-data and client-cert are both specified for {name}. client-cert-data will override."
    if user.get("client-key") and user.get("client-key-data"):
        yield f"client-key-data and client-key are both specified for {name}; client-key-data will override"
    if not (user.get("client-key") or user.get("client-key-data")):
        yield (
            f"client-key-data or client-key must be specified for {name} to use the clientCert authentication method."
        )


def doubled_methods(user: Mapping[str, Any], name: str) -> Iterator[str]:
    """Whether a user has both a token and a password."""
    if user.get("token") and (user.get("username") or user.get("password")):
        yield f"more than one authentication method found for {name}; found [token basicAuth], only one is allowed"
