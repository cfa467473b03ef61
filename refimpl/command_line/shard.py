"""``--shard i/n``: which of several runs judges an image (docs/scale.md)."""

from __future__ import annotations

import hashlib
import re

from refimpl.record import record

MOST_SHARDS = 65536


@record
class Shard:
    """The `index`-th, from 1, of `count` parts of the images."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``i/n``.

        Raises:
            ValueError: it isn't that.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text, re.ASCII)
        if found is None:
            raise ValueError("must be i/n, such as 1/3")
        shard = cls(int(found[1]), int(found[2]))
        if not 1 <= shard.index <= shard.count <= MOST_SHARDS:
            raise ValueError(f"must be i/n with i from 1 to n, and n up to {MOST_SHARDS}")
        return shard

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def has(self, reference: str) -> bool:
        """Whether the image belongs to this part.

        Its digest decides, or all of a reference without one: nobody has to be asked, and the parts of all runs fit
        together though a tag may move between them.
        """
        if self.count == 1:
            return True
        name = reference.rpartition("@")[2].encode(errors="surrogateescape")
        return int.from_bytes(hashlib.sha256(name).digest()[:8]) % self.count == self.index - 1
