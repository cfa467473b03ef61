"""pycurl, without what its package loads beside it."""

from __future__ import annotations

import subprocess
import sys


def _run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_loads_no_dataclasses() -> None:
    assert _run("import sys, refimpl.http.connection; print('dataclasses' in sys.modules)") == "False"


def test_who_imports_pycurl_later_gets_the_same_objects() -> None:
    code = "from refimpl.http.libcurl import pycurl as ours; import pycurl; print(ours.Curl is pycurl.Curl, {0})"
    assert _run(code.format("ours.error is pycurl.error")) == "True True"


def test_takes_what_is_imported_already() -> None:
    code = "import pycurl; from refimpl.http.libcurl import pycurl as ours; print(ours.Curl is pycurl.Curl)"
    assert _run(code) == "True"


def test_a_library_that_the_package_must_prepare_is_loaded_through_it() -> None:
    code = """
from importlib.machinery import ExtensionFileLoader
import sys
kept = ExtensionFileLoader.create_module
def prepared(loader, spec):
    if spec.name == "pycurl._pycurl" and "pycurl" not in sys.modules:
        raise ImportError("a folder of libraries is missing")
    return kept(loader, spec)
ExtensionFileLoader.create_module = prepared
from refimpl.http.libcurl import pycurl as ours
print(ours.Curl is not None, "pycurl" in sys.modules)
"""
    assert _run(code) == "True True"
