"""The matrix as a page to look at."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mutants.matrix import Matrix
    from mutants.scenarios import Scenario

__all__ = ["page"]

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1em 0 }
th, td { border: 1px solid #ddd; padding: 2px 5px; text-align: left; vertical-align: bottom; font-weight: normal }
thead th { writing-mode: vertical-rl; white-space: nowrap }
thead th.corner { writing-mode: horizontal-tb }
tbody th { white-space: nowrap } td.cell { text-align: center; min-width: 1em }
.failed { background: #2e7d32; color: #fff } .passed { background: #eee; color: #888 }
.error { background: #f9a825 } .skipped { color: #aaa } .named { outline: 2px solid #1565c0; outline-offset: -2px }
.survived, .broken, .problem { color: #b71c1c; font-weight: bold }
.kind th { background: #f4f4f4; font-weight: bold }
"""
_SIGNS = {"failed": "✗", "passed": "·", "error": "!", "skipped": "–", "": ""}


def page(matrix: Matrix) -> str:
    """An HTML page that needs nothing else: mutants down, scenarios across, what failed in the tool tips."""
    shown = [one for one in matrix.scenarios.values() if any(one.id in found for found in matrix.findings.values())]
    problems = matrix.problems()
    killed = sum(matrix.verdict(name) == "killed" for name in matrix.mutants)
    summary = (
        f"{killed} of {len(matrix.mutants)} mutants are found by the scenarios named for their fault. "
        f"{'Every' if matrix.whole else 'Only the named'} scenarios ran; it took {matrix.seconds:.0f} s."
    )
    listed = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
    verdict = f'<ul class="problem">{listed}</ul>' if problems else f"<p>{_complete(matrix)}</p>"
    heads = "".join(f'<th title="{escape(one.name)}">{escape(one.id)}</th>' for one in shown)
    rows = []
    for kind, group in groupby(matrix.mutants.values(), lambda one: one.kind):
        rows.append(f'<tr class="kind"><th colspan="{len(shown) + 2}">{escape(kind.value)}</th></tr>')
        rows += [_row(matrix, one.name, shown) for one in group]
    legend = (
        "✗ the scenario finds the mutant (fails), · it doesn't (passes), ! the scenario came to nothing (error), "
        "– skipped; framed: named for the fault"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Kill matrix</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>Kill matrix</h1>\n<p>{summary}</p>\n{verdict}\n<p>{legend}</p>\n"
        f'<table><thead><tr><th class="corner">mutant</th><th class="corner">verdict</th>{heads}</tr></thead>\n<tbody>'
        + "\n".join(rows)
        + "</tbody></table>\n</body></html>\n"
    )


def _complete(matrix: Matrix) -> str:
    return "The matrix is complete both ways." if matrix.every else "Nothing is missing for these mutants."


def _row(matrix: Matrix, name: str, shown: list[Scenario]) -> str:
    mutant = matrix.mutants[name]
    verdict = matrix.verdict(name)
    cells = []
    for one in shown:
        finding = matrix.findings.get(name, {}).get(one.id)
        status = "" if finding is None else finding.status
        classes = f"cell {status}" + ("" if one.tags.isdisjoint(mutant.scenarios) else " named")
        title = "" if finding is None or not finding.why else f' title="{escape(finding.why)}"'
        cells.append(f'<td class="{classes}"{title}>{_SIGNS[status]}</td>')
    return (
        f'<tr><th title="{escape(mutant.fault)}">{escape(name)}</th><td class="{verdict}">{verdict}</td>'
        f"{''.join(cells)}</tr>"
    )
