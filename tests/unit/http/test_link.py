from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.errors import MalformedError
from refimpl.http.link import LINK_LIMIT, next_target


@pytest.mark.parametrize(
    "fields",
    [
        ['</n?a=1,2;3>; rel="next"'],
        ["</n?a=1,2;3>;rel=next"],
        ["< /n?a=1,2;3 > ; REL = Next"],
        ['</n?a=1,2;3>; rel="prev next"'],
        ['</p>; rel="prev", </n?a=1,2;3>; rel="next"'],
        ['</p>; rel="prev"', '</n?a=1,2;3>; rel="next"'],
        ["</p>", '</n?a=1,2;3>; title="a, <b>; rel=prev"; rel="next"'],
        ['</x>; rel="next"; anchor="/other", </n?a=1,2;3>; rel="next"'],
        ['</x>; rel="prev"; rel="next", </n?a=1,2;3>; rel="next"'],
        ['</x>; title="rel=next", </n?a=1,2;3>; rel="next"'],
        ['</x>; nextrel="next", </n?a=1,2;3>; flag; rel="next"'],
        ['</x>; rel="nextish", </n?a=1,2;3>; rel="n\\ext"'],
        ['</n?a=1,2;3>; rel="next'],
        ['"=;,</x>;"";=;=x, </n?a=1,2;3>; rel=next'],
    ],
    ids=str,
)
def test_the_next_page(fields: list[str]) -> None:
    assert next_target(fields) == "/n?a=1,2;3"


@pytest.mark.parametrize(
    "fields",
    [[], [""], ["</x>"], ['</x>; rel="prev"'], ["</x; rel=next"], ["/x>; rel=next"], ["x; rel=next"], ['rel="next"']],
    ids=str,
)
def test_no_next_page(fields: list[str]) -> None:
    assert next_target(fields) == ""


@pytest.mark.parametrize(
    "fields",
    [
        [f"<{'x' * LINK_LIMIT}>; rel=prev", "</n>; rel=next"],
        [*["</x>; rel=prev"] * (LINK_LIMIT // 14), "</n>; rel=next"],
    ],
    ids=["one field", "many fields"],
)
def test_what_is_too_long_is_an_error(fields: list[str]) -> None:
    # A list that ends where reading does would be a shorter one.
    with pytest.raises(MalformedError, match="Link is longer than 65536 characters"):
        next_target(fields)


@given(st.lists(st.text(alphabet='<>;,=" \\relnxt', max_size=80), max_size=3))
def test_any_text_can_be_read(fields: list[str]) -> None:
    assert isinstance(next_target(fields), str)
