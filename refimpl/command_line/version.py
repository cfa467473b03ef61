"""What ``ec-ref version`` prints: the version, and those of the parts that take part in a decision.

Versions are read from the installation (directory names of installed distributions, the host binary's own build
information), not asked from the parts: the command has to be as quick as the interpreter's start.
"""

from __future__ import annotations

import os
import sys

from refimpl.about import __version__

TYPE_CHECKING = False  # not imported from typing: that costs as much as everything else here together
if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = f"v{__version__}-ec-ref"
"""The version as printed, also the report's ``ec-version``."""

_LIBRARIES = (
    ("Cryptography", "cryptography"),
    ("Dulwich", "dulwich"),
    ("PyYAML", "pyyaml"),
    ("Zstandard", "zstandard"),
)
_HOST = "ec-rego-host.exe" if sys.platform == "win32" else "ec-rego-host"
_OPA_MODULE = b"dep\tgithub.com/open-policy-agent/opa\t"
_UNKNOWN_DATE = "0001-01-01T00:00:00Z"


def components() -> list[tuple[str, str]]:
    """Names and versions, such as ``("OPA", "v1.15.2")``; what isn't installed is left out."""
    found = []
    opa = _opa_version()
    if opa:
        found.append(("OPA", opa))
    found.append(("Python", "v" + sys.version.partition(" ")[0]))
    installed = _installed_versions({name for _, name in _LIBRARIES})
    found += [(title, "v" + installed[name]) for title, name in _LIBRARIES if name in installed]
    return found


def render(*, short: bool = False, as_json: bool = False) -> str:
    """The command's whole output. JSON wins over short; the short form has no newline, as the real command's."""
    if as_json:
        return _json(components())
    if short:
        return VERSION
    rows = [("Version", VERSION), *components()]
    width = max(len(name) for name, _ in rows) + 2
    return "".join(f"{name:<{width}}{version}\n" for name, version in rows)


def _json(parts: Sequence[tuple[str, str]]) -> str:
    from refimpl.golang import jsontext

    document = {
        "Version": VERSION,
        "Commit": "",
        "ChangedOn": _UNKNOWN_DATE,
        "Components": [{"Name": name, "Version": version} for name, version in parts],
    }
    return jsontext.dumps(document) + "\n"


def _installed_versions(names: set[str]) -> dict[str, str]:
    """Versions by the names of ``NAME-VERSION.dist-info`` directories, the first on the module path wins."""
    found: dict[str, str] = {}
    for directory in sys.path:
        try:
            entries = os.listdir(directory or ".")  # noqa: PTH208 - pathlib costs a third of this command's time
        except OSError:
            continue
        for entry in entries:
            if entry.endswith(".dist-info"):
                name, _, version = entry.removesuffix(".dist-info").partition("-")
                name = name.lower().replace(".", "_")
                if name in names:
                    found.setdefault(name, version)
    return found


def _opa_version() -> str:
    """The version of OPA that the host binary was built with, by its build information; empty without a host."""
    for path in _host_candidates():
        try:
            with open(path, "rb") as binary:  # noqa: PTH123 - see above
                return _dependency_version(binary.fileno())
        except (OSError, ValueError):  # absent, or empty
            continue
    return ""


def _dependency_version(descriptor: int) -> str:
    import mmap

    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as image:
        start = image.rfind(_OPA_MODULE)
        if start < 0:
            return ""
        return (
            image[start + len(_OPA_MODULE) : start + len(_OPA_MODULE) + 64]
            .partition(b"\t")[0]
            .decode("ascii", "replace")
        )


def _host_candidates() -> list[str]:
    """Where the host binary may be, in the order of `refimpl.rego.host.executable`."""
    package = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - see above
    beside = os.path.join(package, "rego", "_bin", _HOST)  # noqa: PTH118 - see above
    named = os.environ.get("EC_REF_REGO_HOST")
    return [beside, named] if named else [beside]
