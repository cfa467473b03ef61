from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from programs import STRING_TO_ANY, Compile, compiler

from refimpl.deadline import Deadline
from refimpl.errors import EvaluationError, InternalError, RegistryError, TimeoutExceededError
from refimpl.golang.jsontext import Number, dumps
from refimpl.rego.builtin import UNDEFINED, Builtin
from refimpl.rego.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from refimpl.rego.engine import Line

CALL = 'package a\ndeny contains {"msg": "m", "v": ec.f("x")}\nwarn contains "no" if not ec.f("x")'


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host.start() as host:
        yield host


@pytest.fixture
def compile_rego(host: Host, tmp_path: Path) -> Compile:
    return compiler(host, tmp_path)


def builtin(call: Callable[..., Any]) -> Builtin:
    return Builtin("ec.f", STRING_TO_ANY, call)


def test_judging_rules_only(compile_rego: Compile) -> None:
    program = compile_rego("""
package a
deny contains "d"
violation_a1 contains {"msg": "v"}
warn_b_c contains x if some x in ["w", 1, null]
denied contains "helper"
deny_ contains "helper"
Deny contains "helper"
""")
    evaluation = program.evaluate(["a", "nowhere"], b"{}")
    assert evaluation.values == {
        "a": {"deny": ["d"], "violation_a1": [{"msg": "v"}], "warn_b_c": [None, 1, "w"]},
        "nowhere": {},
    }
    assert evaluation.excepted == {}


def test_namespaces_that_are_not_asked_for_do_not_run(compile_rego: Compile) -> None:
    calls: list[str] = []
    program = compile_rego(CALL, builtins=[builtin(lambda _, text: calls.append(text))])
    assert program.evaluate([], b"{}").values == {}
    assert calls == []


def test_rules_that_are_no_collection_say_nothing(compile_rego: Compile) -> None:
    program = compile_rego("""
package a
warn_text := "text"
deny_undefined contains "x" if input.nope
violation := "text" if input.nope
warn := x if x := ["array", 1]
""")
    assert program.evaluate(["a"], b"{}").values == {
        "a": {"warn_text": [], "deny_undefined": [], "violation": [], "warn": ["array", 1]}
    }


@pytest.mark.parametrize(
    ("rule", "trouble"),
    [
        ('deny := "m"', "its value is a text, and not a set of results (deny contains …)"),
        ('deny = "m" if input.a', "its value is a text, and not a set of results (deny contains …)"),
        ('default deny := "m"', "its value is a text, and not a set of results (deny contains …)"),
        (
            'deny := "x" if input.b\nelse := "m" if input.a',
            "its value is a text, and not a set of results (deny contains …)",
        ),
        ('deny_x := {"msg": "m"}', "its value is an object, and not a set of results (deny_x contains …)"),
        ("violation := x if x := 1", "its value is a number, and not a set of results (violation contains …)"),
        ("violation := x if x := null", "its value is null, and not a set of results (violation contains …)"),
        ("deny := x if x := false", "its value is a boolean, and not a set of results (deny contains …)"),
        ('deny["x"] := "m"', "rule in {0}/policy/a.rego at line 2"),
        ('deny[x] := "m" if x := "k"', "rule in {0}/policy/a.rego at line 2"),
        ('deny.a.b := "m"', "rule in {0}/policy/a.rego at line 2"),
        ('deny["x"] contains "m"', "rule in {0}/policy/a.rego at line 2"),
        ('deny.a.b contains "m" if false', "rule in {0}/policy/a.rego at line 2"),
        ('deny.f(x) := "m" if x', "rule in {0}/policy/a.rego at line 2"),
        ('violation.x := {"msg": "m"}', "rule in {0}/policy/a.rego at line 2"),
    ],
)
def test_what_denies_in_a_form_that_cannot_be_judged_is_an_error(
    compile_rego: Compile, tmp_path: Path, rule: str, trouble: str
) -> None:
    """The real one lets all of these pass."""
    program = compile_rego(f"package a\n{rule}\n")
    for narrate in (None, print):
        with pytest.raises(EvaluationError) as caught:
            program.evaluate(["a"], b'{"a": true}', narrate=narrate)
        assert "can't be judged: " in str(caught.value)
        assert str(caught.value).endswith(trouble.format(tmp_path))
    assert program.evaluate(["b"], b"{}").values == {"b": {}}


def test_what_only_warns_or_helps_may_have_any_form(compile_rego: Compile) -> None:
    program = compile_rego('package a\nwarn.x := "m"\nwarn_y := {"msg": "m"}\nlib.deny.x := 1\ndenyx.y := 1')
    assert program.evaluate(["a"], b"{}").values == {"a": {"warn": [], "warn_y": []}}


@pytest.mark.parametrize("levels", [200, 300, 9_000])
def test_answers_have_a_limit_in_depth(compile_rego: Compile, levels: int) -> None:
    program = compile_rego('package a\ndeny contains {"msg": "m", "deep": input.deep}')
    document = b'{"deep": ' + b"[" * levels + b"]" * levels + b"}"
    if levels < 250:
        assert program.evaluate(["a"], document).values["a"]["deny"][0]["msg"] == "m"
        return
    with pytest.raises(
        EvaluationError, match=r"the answer of data\.a\.deny is nested too deeply: more than 250 levels$"
    ):
        program.evaluate(["a"], document)


def test_answers_have_a_limit_in_bytes(compile_rego: Compile) -> None:
    program = compile_rego(
        'package a\ndeny contains sprintf("%d%s", [i, input.text]) if some i in numbers.range(1, 70)'
    )
    document = b'{"text": "' + b"x" * (1 << 20) + b'"}'
    with pytest.raises(
        EvaluationError, match=r"the answer of data\.a\.deny is too large: more than 64 MiB in one evaluation$"
    ):
        program.evaluate(["a"], document)


def test_arguments_of_functions_have_a_limit_in_depth(compile_rego: Compile) -> None:
    program = compile_rego(
        'package a\ndeny contains "m" if ec.f(json.marshal(input)) == 1\ndeny contains "n" if ec.f(input) == 1',
        builtins=[
            Builtin("ec.f", {"type": "function", "args": [{"type": "any"}], "result": {"type": "any"}}, lambda *_: 1)
        ],
    )
    with pytest.raises(EvaluationError, match=r"the arguments of ec\.f are nested too deeply: more than 250 levels"):
        program.evaluate(["a"], b"[" * 300 + b"]" * 300)


@pytest.mark.parametrize("trace", [False, True])
def test_what_is_printed_and_traced_has_a_limit(compile_rego: Compile, *, trace: bool) -> None:
    program = compile_rego(
        'package a\ndeny contains "m" if { some i in numbers.range(1, 60000); print(i); false }\n'
        'warn contains "w" if print("w")'
    )
    lines: list[Line] = []
    assert program.evaluate(["a"], b"{}", narrate=lines.append, trace=trace).values == {
        "a": {"deny": [], "warn": ["w"]}
    }
    assert len(lines) <= 50_001
    assert lines[-1].text.endswith("more than 50000 lines or 8 MiB were printed or traced: the rest isn't shown\n")


def test_long_prints_have_a_limit_too(compile_rego: Compile) -> None:
    program = compile_rego('package a\ndeny contains "m" if { some i in numbers.range(1, 100); print(input); false }')
    lines: list[Line] = []
    program.evaluate(["a"], b'"' + b"x" * (1 << 20) + b'"', narrate=lines.append)
    assert sum(len(line.text) for line in lines) < 9 << 20
    assert "the rest isn't shown" in lines[-1].text


def test_exceptions_are_told_by_the_rest_of_the_rules_name(compile_rego: Compile) -> None:
    program = compile_rego("""
package a
deny contains "d"
deny_x contains "dx"
warn_x contains "wx"
deny_y contains "dy"
exception contains ["x"] if input.on
""")
    said = program.evaluate(["a"], b'{"on": true}')
    assert said.excepted == {"a": ("deny_x", "warn_x")}
    assert said.values["a"] == {"deny": ["d"], "deny_x": ["dx"], "warn_x": ["wx"], "deny_y": ["dy"]}
    assert program.evaluate(["a"], b"{}").excepted == {}


def test_what_inputs_have_in_common_is_that_of_each(compile_rego: Compile) -> None:
    program = compile_rego(
        'package a\ndeny contains {"msg": "m", "v": [input.n, input.snapshot[0], count(input.snapshot)]}'
    )

    def seen(number: int, first: str, length: int) -> Any:
        snapshot = dumps([first, *("x" * 10 for _ in range(length))])
        document = f'{{"n": {number}, "snapshot": [], "snapshot": {snapshot}, "policy_spec": {snapshot}}}'
        return program.evaluate(["a"], document.encode()).values["a"]["deny"][0]["v"]

    # Large enough to be remembered, and small; the same, another of the same size, the first again.
    assert [
        seen(number, first, length)
        for number, (first, length) in enumerate([("a", 1000), ("a", 1000), ("b", 1000), ("a", 1000), ("a", 1)])
    ] == [[0, "a", 1001], [1, "a", 1001], [2, "b", 1001], [3, "a", 1001], [4, "a", 2]]


def test_numbers_keep_their_spelling_but_for_the_input(compile_rego: Compile) -> None:
    program = compile_rego(
        "package a\n"
        'deny contains {"msg": "m", "n": [1.50, 1e3, 1e400, 1/3, 123456789012345678901, data.n, input.n, {3, 1}]}',
        data={"n.json": '{"n": [2.50, 1E2]}'},
    )
    values = program.evaluate(["a"], b'{"n": [12345678901234567890,\n1.50, 1e3, 9007199254740993, 1e21, 1e-7]}').values
    assert dumps(values["a"]["deny"][0]["n"]) == (
        "[1.50,1e3,1e400,0.33333333333333333334,123456789012345678901,[2.50,1E2],"
        "[12345678901234567000,1.5,1000,9007199254740992,1e+21,1e-7],[1,3]]"
    )


def test_two_components_evaluate_at_the_same_time_as_python(compile_rego: Compile) -> None:
    # Neither evaluation can end before the other has come to the same place.
    meeting = threading.Barrier(2, timeout=60)

    def meet(context: str, text: str) -> str:
        meeting.wait()
        return f"{context} {text}"

    program = compile_rego(CALL, builtins=[builtin(meet)])
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(program.evaluate, ["a"], b"{}", context=name) for name in ("one", "two")]
        values = [future.result(timeout=60).values["a"]["deny"] for future in futures]
    assert values == [[{"msg": "m", "v": "one x"}], [{"msg": "m", "v": "two x"}]]


def test_more_evaluations_than_any_pool_has_threads_can_meet(compile_rego: Compile) -> None:
    number = 40
    meeting = threading.Barrier(number, timeout=60)
    program = compile_rego(CALL, builtins=[builtin(lambda *_: meeting.wait() >= 0)])
    with ThreadPoolExecutor(number) as pool:
        futures = [pool.submit(program.evaluate, ["a"], b"{}") for _ in range(number)]
        assert all(future.result(timeout=60).values["a"]["deny"][0]["v"] is True for future in futures)


def test_builtin_is_asked_once_for_equal_arguments(compile_rego: Compile) -> None:
    calls: list[str] = []

    def call(_context: object, text: str) -> list[Any]:
        calls.append(text)
        return [None, {"<&>": "\ud800é", "n": 1.5}]

    program = compile_rego(CALL, builtins=[builtin(call)])
    assert program.evaluate(["a"], b"{}").values == {
        "a": {"deny": [{"msg": "m", "v": [None, {"<&>": "\ufffdé", "n": Number("1.5")}]}], "warn": []}
    }
    assert calls == ["x"]


def test_builtin_without_an_answer_is_undefined(compile_rego: Compile) -> None:
    program = compile_rego(CALL, builtins=[builtin(lambda *_: UNDEFINED)])
    assert program.evaluate(["a"], b"{}").values == {"a": {"deny": [], "warn": ["no"]}}


def test_null_is_an_answer(compile_rego: Compile) -> None:
    program = compile_rego(CALL, builtins=[builtin(lambda *_: None)])
    assert program.evaluate(["a"], b"{}").values == {"a": {"deny": [{"msg": "m", "v": None}], "warn": []}}


def test_builtin_that_raises_ends_the_evaluation(compile_rego: Compile) -> None:
    calls: list[str] = []

    def call(_context: object, text: str) -> Any:
        calls.append(text)
        raise ValueError("kaput")

    program = compile_rego(CALL, builtins=[builtin(call)])
    with pytest.raises(InternalError, match=r"^internal error: ValueError: kaput \(") as raised:
        program.evaluate(["a"], b"{}")
    assert isinstance(raised.value.__cause__, ValueError)
    assert calls == ["x"]


def test_our_own_errors_go_through_a_builtin_as_they_are(compile_rego: Compile) -> None:
    error = RegistryError("not there")

    def call(*_: object) -> Any:
        raise error

    program = compile_rego(CALL, builtins=[builtin(call)])
    with pytest.raises(RegistryError) as raised:
        program.evaluate(["a"], b"{}")
    assert raised.value is error


def test_answer_that_is_no_json_ends_the_evaluation(compile_rego: Compile) -> None:
    program = compile_rego(CALL, builtins=[builtin(lambda *_: 5j)])
    with pytest.raises(InternalError, match=r"^internal error: TypeError: "):
        program.evaluate(["a"], b"{}")


def test_builtin_can_be_mocked(compile_rego: Compile) -> None:
    text = """
package a
mock(x) := concat("", ["mock ", x])
deny contains x if x := ec.f("y") with ec.f as mock
deny contains x if x := ec.f("y") with ec.f as "const"
"""
    calls: list[str] = []
    program = compile_rego(text, builtins=[builtin(lambda _, text: calls.append(text))])
    assert program.evaluate(["a"], b"{}").values == {"a": {"deny": ["const", "mock y"]}}
    assert calls == []


def test_builtins_belong_to_their_program(compile_rego: Compile) -> None:
    one = compile_rego(CALL, builtins=[builtin(lambda *_: "one")])
    two = compile_rego(CALL, builtins=[builtin(lambda *_: "two")])
    assert [p.evaluate(["a"], b"{}").values["a"]["deny"][0]["v"] for p in (one, two)] == ["one", "two"]


def test_error_names_the_rule_that_failed(compile_rego: Compile, tmp_path: Path) -> None:
    program = compile_rego("""
package a
deny contains "x"
f(x) := 1 if x
f(x) := 2 if x
warn contains "w" if f(true)
""")
    with pytest.raises(EvaluationError) as raised:
        program.evaluate(["a"], b"{}")
    assert str(raised.value) == (
        f"query rule: check: query rule: evaluating policy: {tmp_path / 'policy' / 'a.rego'}:5: "
        "eval_conflict_error: functions must not produce multiple outputs for same inputs"
    )


def test_error_of_an_exception_comes_with_advice(compile_rego: Compile) -> None:
    program = compile_rego('package a\ndeny contains "x"\nexception contains "x"')
    with pytest.raises(EvaluationError) as raised:
        program.evaluate(["a"], b"{}")
    assert str(raised.value).startswith("policy compilation error: ")
    assert str(raised.value).endswith(
        "Details:\n  query rule: check: query exception: evaluating policy: 1 error occurred: 1:1: "
        "rego_type_error: undefined ref: data.a.exception[_][_]\n"
        "\tdata.a.exception[_][_]\n\t^^^^^^^^^^^^^^^^^^^\n\thave: string"
    )


def test_builtin_errors_of_opa_make_undefined(compile_rego: Compile) -> None:
    program = compile_rego('package a\ndeny contains "d" if 1 / 0\nwarn contains "w" if not to_number("x")')
    assert program.evaluate(["a"], b"{}").values == {"a": {"deny": [], "warn": ["w"]}}


def test_prints_are_told_with_rule_and_place(compile_rego: Compile, tmp_path: Path) -> None:
    program = compile_rego("""
package a
deny contains "x" if print("hello", input.n, input.nope)
warn contains "w" if print("<&>")
""")
    lines: list[Line] = []
    program.evaluate(["a"], b'{"n": 1.50}', narrate=lines.append)
    assert [(line.kind, line.text) for line in lines] == [
        ("print", f"[data.a.deny] {tmp_path / 'policy' / 'a.rego'}:3: hello 1.5 <undefined>\n"),
        ("print", f"[data.a.warn] {tmp_path / 'policy' / 'a.rego'}:4: <&>\n"),
    ]


def test_prints_before_an_error_are_told(compile_rego: Compile) -> None:
    program = compile_rego(
        'package a\ndeny := x if { print("hello"); some x in [["a"], ["b"]] }',
    )
    lines: list[Line] = []
    with pytest.raises(EvaluationError, match="eval_conflict_error: complete rules must not produce multiple outputs"):
        program.evaluate(["a"], b"{}", narrate=lines.append)
    assert "hello" in lines[0].text


def test_traces_come_before_the_prints(compile_rego: Compile) -> None:
    program = compile_rego('package a\ndeny contains "x" if print("hello")')
    lines: list[Line] = []
    program.evaluate(["a"], b"{}", narrate=lines.append, trace=True)
    texts = [line.text for line in lines if line.kind == "trace"]
    assert texts[0].startswith('[data.a.exception[_][_] == ""] Enter ')
    assert "[data.a.deny] Enter data.a.deny = _" in texts
    assert [line.kind for line in lines] == ["trace"] * len(texts) + ["print"]


def test_deadline_ends_an_endless_evaluation(compile_rego: Compile) -> None:
    program = compile_rego("""
package a
deny contains "x" if count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, i)]) == 0
""")
    with pytest.raises(TimeoutExceededError):
        program.evaluate(["a"], b"{}", deadline=Deadline(0.05))
    # The engine continues with others.
    assert program.evaluate([], b"{}").values == {}


def test_forgotten_programs_cannot_be_evaluated(compile_rego: Compile) -> None:
    program = compile_rego('package a\ndeny contains "x"')
    program.close()
    with pytest.raises(EvaluationError, match=r"^there is no program \d+$"):
        program.evaluate(["a"], b"{}")


def test_documents_of_an_evaluation_are_seen_by_it_alone(compile_rego: Compile) -> None:
    text = 'package a\ndeny contains {"msg": "m", "v": data.file} if input.go'
    program = compile_rego(text, data={"one.json": '{"file": "theirs"}'})

    def seen(name: str | None) -> Any:
        documents = {"file": {"name": name}} if name else None
        return program.evaluate(["a"], b'{"go": true}', documents=documents).values["a"]["deny"][0]["v"]

    with ThreadPoolExecutor(4) as pool:
        names = [None, "x", "y", None, "z"]
        assert list(pool.map(seen, names)) == [{"name": name} if name else "theirs" for name in names]
    assert seen(None) == "theirs"


def test_documents_of_an_evaluation_stand_in_its_prints_too(compile_rego: Compile) -> None:
    program = compile_rego('package a\ndeny contains "m" if { print(data.deep.name); false }')
    lines: list[Line] = []
    program.evaluate(["a"], b"{}", documents={"deep/name": "n"}, narrate=lines.append)
    assert [line.text.partition(": ")[2] for line in lines] == ["n\n"]
