"""Which scenarios are about a validator that claims something, and about one that claims nothing itself."""

from __future__ import annotations

import pytest

from ec_acceptance.testbed.scenario.claims import reason_to_skip


@pytest.mark.parametrize(
    ("tag", "claims", "reason"),
    [
        ("happy-01", None, ""),
        ("happy-01", {"vsa"}, ""),
        ("unclaimed-vsa", None, "vsa is claimed"),
        ("unclaimed-vsa", {"all"}, "vsa is claimed"),
        ("unclaimed-vsa", {"vsa", "core"}, "vsa is claimed"),
        ("unclaimed-vsa", {"core"}, ""),
        ("optional-dask", None, "dask isn't claimed (-D claims=)"),
        ("optional-dask", {"core"}, "dask isn't claimed (-D claims=)"),
        ("optional-dask", {"core", "dask"}, ""),
        ("optional-dask", {"all"}, ""),
    ],
)
def test_what_is_skipped_and_why(tag: str, claims: frozenset[str] | None, reason: str) -> None:
    assert reason_to_skip(["smoke-01", tag], claims) == reason
