from __future__ import annotations

import pytest

from refimpl.evaluation.crossref import replace_by_labels, replace_by_links

FULL = "xref:policy:ROOT:packages/release_x.adoc#sec[Label x]"
URL = "https://conforma.dev/docs/policy/packages/release_x.html#sec"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FULL, "Label x"),
        ("xref:a:ROOT:b.adoc[L] and xref:foo_b.c$d#e/f[La/b.el].", "L and La/b.el."),
        ("xref:attachment$foo[L]", "L"),
        ("xref:foo-bar[Label]", "xref:foo-bar[Label]"),
        ("xref:foo[La-bel]", "xref:foo[La-bel]"),
        ("xref:foo[]", "xref:foo[]"),
        ("xref:a.b:ROOT:b.adoc#x[Lé]", "xref:a.b:ROOT:b.adoc#x[Lé]"),
        ("xref:a:ROOT:.adoc#x[L]", "xref:a:ROOT:.adoc#x[L]"),
        ("xref:a:ROOT:b.adoc#[L]", "xref:a:ROOT:b.adoc#[L]"),
        ("xref:a:b:ROOT:c.adoc#d[L]", "xref:a:b:ROOT:c.adoc#d[L]"),
        ("nothing", "nothing"),
    ],
)
def test_labelled(text: str, expected: str) -> None:
    assert replace_by_labels(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"See {FULL}.", f"See {URL}."),
        ("xref:a:ROOT:b.c.adoc#x.y[L]", "https://conforma.dev/docs/a/b.c.html#x.y"),
        ("xref:a:ROOT:b.adoc[L]", "xref:a:ROOT:b.adoc[L]"),
        ("xref:foo[L]", "xref:foo[L]"),
        (
            "xref:a:ROOT:b.adoc[L] xref:c:ROOT:d.adoc#e[M]",
            "xref:a:ROOT:b.adoc[L] https://conforma.dev/docs/c/d.html#e",
        ),
        # A label that can't be one lets the reference run on to the next.
        (
            "xref:a:ROOT:b.adoc#x[L-L] xref:c:ROOT:d.adoc#e[L]",
            "https://conforma.dev/docs/a/b.adoc#x[L-L] xref:c:ROOT:d.html#e",
        ),
    ],
)
def test_linked(text: str, expected: str) -> None:
    assert replace_by_links(text) == expected
