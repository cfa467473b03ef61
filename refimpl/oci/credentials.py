"""What to prove oneself with to a registry."""

from __future__ import annotations

from refimpl.record import field, record

__all__ = ["ANONYMOUS", "Credentials"]


@record
class Credentials:
    """Name and password, or tokens; all empty for nobody. Bytes that aren't UTF-8 are escaped as Python does it."""

    username: str = ""
    password: str = field(default_factory=str, repr=False)
    identity_token: str = field(default_factory=str, repr=False)
    registry_token: str = field(default_factory=str, repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization field (RFC 7617); empty without a name and a password."""
        if not (self.username and self.password):
            return ""
        import base64

        pair = f"{self.username}:{self.password}".encode("utf-8", "surrogateescape")
        return f"Basic {base64.b64encode(pair).decode()}"

    @property
    def authorization(self) -> str:
        """The same, with a token for the registry itself before name and password."""
        return f"Bearer {self.registry_token}" if self.registry_token else self.basic


ANONYMOUS = Credentials()
