"""The report as YAML; the text was written by the real command."""

from __future__ import annotations

from reports import component, render, report, result


def test_a_report_as_the_real_command_writes_it() -> None:
    made = report(
        component(
            violations=(
                result("Multi", "main.multi", term=["t1", "t2"], description="many words " * 9 + "end"),
                result('Denied a\nsecond "line" <b>', "main.on_demand"),
                result("no code"),
            ),
            signatures=({"keyid": "", "sig": "MEQ="},),
        )
    )
    assert render("yaml", made) == (
        "components:\n"
        "- containerImage: r/a@sha256:1\n"
        "  name: Unnamed\n"
        "  signatures:\n"
        '  - keyid: ""\n'
        "    sig: MEQ=\n"
        "  source: {}\n"
        "  success: false\n"
        "  violations:\n"
        "  - metadata:\n"
        "      code: main.multi\n"
        "      description: many words many words many words many words many words many words\n"
        "        many words many words many words end\n"
        "      term:\n"
        "      - t1\n"
        "      - t2\n"
        "    msg: Multi\n"
        "  - metadata:\n"
        "      code: main.on_demand\n"
        "    msg: |-\n"
        "      Denied a\n"
        '      second "line" <b>\n'
        "  - msg: no code\n"
        "ec-version: v1\n"
        'effective-time: "2026-11-23T16:23:42.661020983Z"\n'
        "key: |\n"
        "  -----BEGIN PUBLIC KEY-----\n"
        "  MFkw\n"
        "  -----END PUBLIC KEY-----\n"
        "policy:\n"
        "  publicKey: k.pub\n"
        "  sources:\n"
        "  - policy:\n"
        "    - file::./p\n"
        "success: false\n"
    )


def test_a_report_without_components() -> None:
    assert render("yaml", report()).startswith("components: null\nec-version: v1\n")
