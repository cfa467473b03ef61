"""``ec-ref schema``: all schemas by name, or one."""

from __future__ import annotations

import json

import pytest

from refimpl import schemas
from refimpl.commands.schema import schema
from refimpl.errors import UsageError


def test_each_schema_is_listed_with_its_title_and_shown_by_its_name(capfd: pytest.CaptureFixture[str]) -> None:
    schema([])
    lines = capfd.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(schemas.names())
    for line in lines:
        name, title = line.split(maxsplit=1)
        schema([name])
        assert json.loads(capfd.readouterr().out)["title"] == title


@pytest.mark.parametrize(
    ("names", "why"), [(["nothing"], 'there is no schema "nothing"'), (["../x"], "no schema"), (["a", "b"], "too many")]
)
def test_what_names_no_schema_is_refused(names: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        schema(names)
