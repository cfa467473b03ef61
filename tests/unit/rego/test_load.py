from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from programs import STRING_TO_ANY, Compile, compiler

from refimpl.errors import PolicyError
from refimpl.golang.jsontext import dumps
from refimpl.rego.builtin import Builtin
from refimpl.rego.host import Host, with_advice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOW = 'package a\ndeny contains {"msg": "m", "d": [data.k, data.s]}'


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host.start() as host:
        yield host


@pytest.fixture
def compile_rego(host: Host, tmp_path: Path) -> Compile:
    return compiler(host, tmp_path)


def test_rules_are_listed_by_namespace(compile_rego: Compile, tmp_path: Path) -> None:
    (tmp_path / "policy/b_test.rego").write_text('package a\nwarn contains "w"\nhelp := 1\ndeny contains "t"')
    (tmp_path / "policy/c.rego").write_text("package x.y\nimport data.a")
    program = compile_rego('package a\ndeny contains "x"\ndeny contains "y"')
    assert program.rules == {"a": ("deny", "warn", "help"), "x.y": ()}


@pytest.mark.parametrize("name", ["http.send", "net.lookup_ip_addr", "opa.runtime", "ec.nope"])
def test_functions_that_policies_may_not_use(compile_rego: Compile, tmp_path: Path, name: str) -> None:
    with pytest.raises(PolicyError) as raised:
        compile_rego(f'package a\n\ndeny contains "x" if {name}()')
    text = str(raised.value)
    assert text.startswith("policy compilation error: the policy references Rego built-in functions not available")
    assert text.endswith(
        "\n\nDetails:\n  load: loading policies: get compiler: 1 error occurred: "
        f"{tmp_path / 'policy' / 'a.rego'}:3: rego_type_error: undefined function {name}"
    )


def test_types_are_shown_without_the_arguments_names(compile_rego: Compile) -> None:
    with pytest.raises(PolicyError, match=r"have: \(number\)\n\twant: \(string, string\)$"):
        compile_rego('package a\ndeny contains "x" if upper(1)')


def test_declared_types_take_part_in_the_check(compile_rego: Compile) -> None:
    builtin = Builtin("ec.f", STRING_TO_ANY, lambda _context, text: text)
    with pytest.raises(PolicyError, match=r"ec\.f: invalid argument\(s\)\n\thave: \(number, \?\?\?\)"):
        compile_rego('package a\ndeny contains "x" if ec.f(1) == 2', builtins=[builtin])


def test_many_errors_stop_at_ten(compile_rego: Compile) -> None:
    with pytest.raises(PolicyError, match=r"11 errors occurred:\n(.*\n){10}rego_compile_error: error limit reached$"):
        compile_rego("package a\n" + "".join(f'deny contains "x" if f{number}()\n' for number in range(12)))


def test_other_compile_errors_come_without_advice(compile_rego: Compile, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as raised:
        compile_rego('package a\ndeny contains "x" if deny["y"]')
    assert str(raised.value) == (
        f"load: loading policies: get compiler: 1 error occurred: {tmp_path / 'policy' / 'a.rego'}:2: "
        "rego_recursion_error: rule data.a.deny is recursive: data.a.deny -> data.a.deny"
    )


def test_tests_are_compiled_too(compile_rego: Compile, tmp_path: Path) -> None:
    (tmp_path / "policy/b_test.rego").write_text("package a\nx { }")
    with pytest.raises(PolicyError) as raised:
        compile_rego('package a\ndeny contains "x"')
    assert str(raised.value) == with_advice(
        f"load: loading policies: load: 1 error occurred during loading: {tmp_path / 'policy' / 'b_test.rego'}:2: "
        "rego_parse_error: found empty body\n\tx { }\n\t    ^"
    )


def test_partial_object_that_was_meant_as_a_set(compile_rego: Compile, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as raised:
        compile_rego('package a\ndeny[x] if { x := "x" }')
    assert str(raised.value) == (
        "load: loading policies: rule is using 'if' keyword without 'contains' keyword: "
        f"rule in {tmp_path / 'policy' / 'a.rego'} at line 2"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_linked_directories_are_loaded_under_their_linked_name(host: Host, tmp_path: Path) -> None:
    for name, text in (("policy/x/a.rego", SHOW), ("data/y/k.json", '{"k": 1, "s": 2}')):
        path = tmp_path / "first" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
        (tmp_path / name).parent.parent.mkdir()
        (tmp_path / name).parent.symlink_to(path.parent, target_is_directory=True)
    program = host.load([tmp_path / "policy"], [tmp_path / "data"])
    assert program.evaluate(["a"], b"{}").values["a"]["deny"][0]["d"] == [1, 2]
    (tmp_path / "first/policy/x/a.rego").write_text("package a\nx if nope()")
    with pytest.raises(
        PolicyError, match=re.escape(f"1 error occurred: {tmp_path}/policy/x/a.rego:2: rego_type_error")
    ):
        host.load([tmp_path / "policy"], [])


def test_no_policies(host: Host, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as raised:
        host.load([tmp_path], [])
    assert str(raised.value) == f"load: loading policies: no policies found in [{tmp_path}]"


def test_each_directory_of_documents_is_a_root(compile_rego: Compile) -> None:
    data = {
        "one.json": '{"k": {"x": 1.50}}',
        "s/two.yml": "k: {h: 0x1f, on: 010}",
        "s/THREE.YAML": "z: 1",
        "s/x.rego": "?",
    }
    values = compile_rego(SHOW, data=data).evaluate(["a"], b"{}").values
    assert dumps(values["a"]["deny"][0]["d"]) == '[{"h":31,"true":8,"x":1.50},{"k":{"h":31,"true":8}}]'


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"one.json": '{"k": 1}', "two.yaml": "k: 1"}, "two.yaml: merge error"),
        ({"one.json": "[1]"}, "one.json: document must be of type object"),
        ({"one.yaml": ""}, "one.yaml: document must be of type object"),
        ({"one.json": '{"a":'}, "one.json: unexpected EOF"),
    ],
)
def test_data_that_cannot_be_used(compile_rego: Compile, tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(PolicyError) as raised:
        compile_rego(SHOW, data=files)
    assert str(raised.value) == f"load: load documents: 1 error occurred during loading: {tmp_path / 'data' / message}"


@pytest.mark.parametrize("rest", ["k: [", "\t", '"', "%YAML 1"])
def test_a_file_that_breaks_off_behind_its_first_document_is_an_error(
    compile_rego: Compile, tmp_path: Path, rest: str
) -> None:
    with pytest.raises(PolicyError) as raised:
        compile_rego(SHOW, data={"one.yaml": f"k: 1\n---\n{rest}\n"})
    assert str(raised.value).startswith(f"load: load documents: {tmp_path / 'data' / 'one.yaml'}: document 2: ")


def test_of_several_documents_in_a_file_the_first_is_data(compile_rego: Compile) -> None:
    data = {"one.yaml": "k: 1\ns: {}\n---\nk: 2\n...\n"}
    values = compile_rego(SHOW, data=data).evaluate(["a"], b"{}").values
    assert dumps(values["a"]["deny"][0]["d"]) == "[1,{}]"


def test_documents_without_a_file(compile_rego: Compile) -> None:
    data = {"one.json": '{"k": 1, "s": {"file": 2, "x": 3}}'}
    program = compile_rego(SHOW, data=data, documents={"s/file": {"name": "n"}, "k": [True]})
    assert program.evaluate(["a"], b"{}").values["a"]["deny"][0]["d"] == [[True], {"file": {"name": "n"}, "x": 3}]
