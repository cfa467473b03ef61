"""Adapters: what they make of a command line, and what is said of those that can't be used."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from ec_acceptance.testbed.validator.adapter import SHIPPED, Adapter, AdapterError
from ec_acceptance.testbed.validator.process import Validator, ValidatorNotFoundError

_PLACES = {"folder": "/run/all", "work": "/run/all/a/work", "name": "run-7"}


def _adapter(folder: Path, text: str) -> Adapter:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return Adapter.read(path)


def _words(folder: Path, text: str, *arguments: str) -> tuple[str, ...]:
    adapter = _adapter(folder, f'command = ["program"]\n{text}')
    return adapter.start(arguments, {}, {}, _PLACES, ()).command[1:]


def test_commands_and_flags_are_renamed_and_left_out(tmp_path: Path) -> None:
    text = """
    [commands]
    "validate image" = ["check"]
    "version --short" = ["--version"]
    [flags]
    drop = ["--workers=", "--ignore-rekor"]
    [flags.rename]
    "--public-key" = "--key"
    """
    given = ["--public-key", "k", "--workers", "5", "--ignore-rekor", "--workers=4", "--image", "i"]
    assert _words(tmp_path, text, "validate", "image", *given) == ("check", "--key", "k", "--image", "i")
    assert _words(tmp_path, text, "validate", "input", "--public-key=k") == ("validate", "input", "--key=k")
    assert _words(tmp_path, text, "version", "--short") == ("--version",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('environment = {"A=B" = "x"}', "environment: 'A=B' can't be a name here"),
        ('environment = {"" = "x"}', "environment: '' can't be a name here"),
        ('paths = {"" = "/x"}', "paths: '' can't be a name here"),
        ('paths = {"{folder}" = ""}', "paths: '' can't be a name here"),
        ('commands = {" " = ["x"]}', "commands: ' ' can't be a name here"),
        ('flags = {rename = {"--key=" = "--k"}}', "flags.rename: '--key=' can't be a name here"),
    ],
)
def test_names_that_would_never_fit_or_always_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AdapterError) as caught:
        _adapter(tmp_path, text)
    assert str(caught.value).endswith(f"own.toml: {said}")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    adapter = _adapter(tmp_path, f'command = ["{sys.executable}"]\nworking-directory = "{tmp_path / "none"}"')
    with pytest.raises(ValidatorNotFoundError, match=r"its working directory .*none isn't there"):
        Validator(adapter=adapter).version()


def test_the_reference_validator_is_the_same_with_its_adapter() -> None:
    """The one beside the interpreter, whatever the PATH says."""
    without, with_adapter = Validator(), Validator(adapter=Adapter.find("ec-ref"))
    assert with_adapter.command == without.command
    assert with_adapter.is_default


def test_a_container_gets_the_folder_and_the_variables(tmp_path: Path) -> None:
    text = """
    command = ["docker", "run", "--name", "{name}", "--volume", "{folder}:/all",
               "--workdir={work}", "{environment}", "image"]
    stop = ["docker", "rm", "--force", "{name}"]
    [environment]
    MODE = "in {work}"
    [paths]
    "{folder}" = "/all"
    """
    adapter = _adapter(tmp_path, text)
    given = {"HOME": "/run/all/a/home", "OTHER": "/run/alluvial"}
    start = adapter.start(["--policy=/run/all/a/p.yaml"], given, {"PATH": "/bin"}, _PLACES, ())
    assert start.command == (
        *("docker", "run", "--name", "run-7", "--volume", "/run/all:/all", "--workdir=/all/a/work"),
        *("--env", "HOME", "--env", "MODE", "--env", "OTHER", "image", "--policy=/all/a/p.yaml"),
    )
    assert start.environment == {
        "HOME": "/all/a/home",
        "MODE": "in /all/a/work",
        "OTHER": "/run/alluvial",
        "PATH": "/bin",
    }
    assert start.stop == ("docker", "rm", "--force", "run-7")
    assert adapter.here(b"open /all/a/p.yaml: no; /allure", _PLACES) == b"open /run/all/a/p.yaml: no; /allure"


def test_bytes_that_are_no_text_stay_what_they_are(tmp_path: Path) -> None:
    odd = os.fsdecode(b"--image=\xff")
    assert _words(tmp_path, '[paths]\n"{folder}" = "/all"', odd) == (odd,)


def test_words_of_others_are_left_as_they_are(tmp_path: Path) -> None:
    start = Adapter().start(["--policy={}"], {}, {}, _PLACES, ["program", "{ref} {name}"])
    assert start.command == ("program", "{ref} run-7", "--policy={}")
    words = _adapter(tmp_path, 'puller = "tool {ref} {destination}"').command
    assert words[1:] == ("-m", "ec_acceptance.conformance.puller", "tool {ref} {destination}")


def test_a_run_that_is_killed_is_stopped_where_it_really_is(tmp_path: Path) -> None:
    stopped = tmp_path / "stopped"
    text = f'command = ["sleep", "1000"]\nstop = ["touch", "{stopped}"]\nworking-directory = "{tmp_path}"'
    running = Validator(adapter=_adapter(tmp_path, text)).start([], {}, tmp_path, tmp_path)
    assert running.wait(0.1).timed_out
    assert stopped.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another matter there")
def test_what_a_client_left_behind_is_stopped_after_its_end_too(tmp_path: Path) -> None:
    """A daemon may make the container that a client asked for when that has been killed."""
    seen, client, stop = tmp_path / "seen", tmp_path / "client", tmp_path / "stop"
    client.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    stop.write_text(
        f"#!/bin/sh\nkill -0 $(cat {tmp_path}/pid) 2>/dev/null && echo alive >> {seen} || echo ended >> {seen}\n"
    )
    for program in (client, stop):
        program.chmod(0o755)
    adapter = _adapter(tmp_path, f'command = ["{client}"]\nstop = ["{stop}"]')
    running = Validator("", adapter).start([], {}, tmp_path, tmp_path)
    while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
        time.sleep(0.01)
    running.wait(0.0)
    assert set(seen.read_text().splitlines()) == {"alive", "ended"}


def test_a_stop_that_isnt_there_is_told_before_anything_is_left(tmp_path: Path) -> None:
    adapter = _adapter(tmp_path, f'command = ["{sys.executable}"]\nstop = ["./none"]')
    with pytest.raises(ValidatorNotFoundError, match=r"own\.toml: stop: there is no program '.*/none'"):
        Validator(adapter=adapter)


def test_what_ends_by_itself_needs_no_stop(tmp_path: Path) -> None:
    stopped = tmp_path / "stopped"
    adapter = _adapter(tmp_path, f'command = ["true"]\nstop = ["touch", "{stopped}"]')
    assert Validator(adapter=adapter).start([], {}, tmp_path, tmp_path).wait(60).status == 0
    assert not stopped.exists()


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("[!.]*.toml")), ids=lambda path: path.stem)
def test_those_that_come_with_the_kit_can_be_read(path: Path) -> None:
    if "." not in path.stem:
        assert Adapter.find(path.stem).source == path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("command = [", "own.toml: "),
        ("command = 'ec'", "own.toml: command: it is no list of texts"),
        ("command = []", "own.toml: command: it is empty"),
        ("command = [1]", "own.toml: command: it is no text"),
        ("comand = ['ec']", "own.toml: comand: there is no such member: there are command, "),
        ("command = ['{image}']", "own.toml: command: {image} stands for nothing: there are {folder}, {name}, {work}"),
        ("environment = 1", "own.toml: environment: it is no table"),
        ("[environment]\nA = 1", "own.toml: environment.A: it is no text"),
        ("[flags]\nrename = 1", "own.toml: flags.rename: it is no table"),
        ("[flags]\nleave = []", "own.toml: flags.leave: there is no such member: there are rename, drop"),
        ("[commands]\n'validate image' = 'check'", "own.toml: commands.validate image: it is no list of texts"),
        ("claims = 'core'", "own.toml: claims: it is no list of texts"),
        ('command = ["a\\u0000b"]', "own.toml: command: it is no text"),
        ("puller = ['crane']", "own.toml: puller: it is no text"),
        ("puller = 'crane'\ncommand = ['ec']", "own.toml: puller: there is a command, too"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AdapterError) as told:
        _adapter(tmp_path, text)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_one_that_isnt_there(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"none: there is no such file, and no such adapter: there are crane, ec"):
        Adapter.find("none")
    with pytest.raises(AdapterError, match=r"none\.toml: No such file"):
        Adapter.find(str(tmp_path / "none.toml"))
    (tmp_path / "latin.toml").write_bytes(b"command = ['\xe9']")
    with pytest.raises(AdapterError, match=r"latin\.toml: "):
        Adapter.find(str(tmp_path / "latin.toml"))
    with pytest.raises(AdapterError, match=r"Is a directory"):
        Adapter.find(str(tmp_path))


def test_an_adapter_leads_a_program_with_other_words_to_the_same_answer(tmp_path: Path) -> None:
    program = tmp_path / "other"
    program.write_text(f"#!{sys.executable}\nimport os, sys\nprint(sys.argv[1:], os.environ['MODE'], os.getcwd())\n")
    program.chmod(0o755)
    text = f"""
    command = ["{program}"]
    working-directory = "/"
    [environment]
    MODE = "strict"
    [flags.rename]
    "--image" = "--ref"
    """
    running = Validator(adapter=_adapter(tmp_path, text)).start(["--image", "a"], {}, tmp_path, tmp_path)
    assert running.wait(60).out == "['--ref', 'a'] strict /\n"


def test_relative_paths_start_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "our adapters"
    folder.mkdir()
    file = folder / "own.toml"
    file.write_text('command = ["./bin/check", "x"]\nstop = ["../stop"]\nworking-directory = "work"\n')
    monkeypatch.chdir(tmp_path)
    adapter = Adapter.read(Path("our adapters/own.toml"))
    assert [Path(word).resolve() for word in (adapter.command[0], adapter.stop[0], adapter.working_directory)] == [
        folder / "bin" / "check",
        tmp_path / "stop",
        folder / "work",
    ]
    assert adapter.command[1:] == ("x",)
    file.write_text('command = ["check"]\nworking-directory = "{work}"\n')
    plain = Adapter.read(file)
    assert (plain.command, plain.working_directory) == (("check",), "{work}")


def test_the_tool_of_a_template_may_have_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    template = "A={cache} B=2 './our tools/fetch' {ref} ./{destination}"
    words = ["A={cache}", "B=2", str(tmp_path / "our tools" / "fetch"), "{ref}", "./{destination}"]
    assert shlex.split(Adapter.of_puller(template).puller) == words
    assert Adapter.of_puller("A={cache} fetch {ref}").puller == "A={cache} fetch {ref}"
    (tmp_path / "a.toml").write_text(f'puller = "{template}"')
    monkeypatch.chdir("/")
    read = Adapter.read(tmp_path / "a.toml")
    assert (shlex.split(read.puller), read.command[-1]) == (words, read.puller)


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(AdapterError, match=r"a\.toml: it is no text in UTF-8$"):
        Adapter.read(tmp_path / "a.toml")


@pytest.mark.skipif(sys.platform == "win32", reason="a script has another form there")
def test_a_program_whose_path_has_blanks_needs_no_quotes(tmp_path: Path) -> None:
    program = tmp_path / "our tools" / "check it"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for command in (str(program), f"'{program}' --strict"):
        assert Validator(command).command[0] == str(program)
