"""What a rule sees is what was there, for any JSON, through the real host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nesting import nested
from programs import STRING_TO_ANY, compiler

from refimpl.golang.jsontext import Number, encode
from refimpl.rego.builtin import Builtin
from refimpl.rego.host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refimpl.rego.host import HostProgram

MARKS = ('\x00number:0}},"namespaces":[]', "\x00date:2020-01-01", '"}\n{"id":1,"op":"cancel"}\n', "<&>\u2028\x7f")
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(MARKS)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.sampled_from(["1.50", "1e400", "-0.0", "1E+2", "1e-7", "0.1e-999"]).map(Number)


def values(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return nested(
        st.none() | st.booleans() | TEXTS | numbers,
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    )


@pytest.fixture(scope="module")
def answers() -> list[Any]:
    return []


@pytest.fixture(scope="module")
def program(answers: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProgram]:
    with Host.start() as host:
        yield compiler(host, tmp_path_factory.mktemp("values"))(
            """
package a
deny contains {"msg": "m", "seen": input}
warn contains {"msg": "m", "seen": [ec.f("x")]}
violation contains {"msg": "m", "seen": data.own}
""",
            builtins=[Builtin("ec.f", STRING_TO_ANY, lambda *_: answers[-1])],
        )


@given(values(st.integers(-(2**53), 2**53) | FLOATS))
def test_rules_see_the_input(program: HostProgram, answers: list[Any], value: Any) -> None:
    answers.append(None)
    (found,) = program.evaluate(["a"], encode(value)).values["a"]["deny"]
    assert plain(found["seen"]) == plain(value)


@given(values(st.integers() | st.just(10**399) | NUMBERS))
def test_rules_see_what_functions_and_data_have_to_the_spelling(
    program: HostProgram, answers: list[Any], value: Any
) -> None:
    answers.append(value)
    said = program.evaluate(["a"], b"{}", documents={"own": value}).values["a"]
    (warned,), (failed,) = said["warn"], said["violation"]
    assert warned["seen"] == [value]
    assert failed["seen"] == value


def plain(value: Any) -> Any:
    """Numbers as 64-bit floats, as the input has them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, int | float | Number) and not isinstance(value, bool) else value
