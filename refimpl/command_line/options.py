"""What the flags of ``validate image`` ask for (specification 10 §1.1), and which of it isn't carried out yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from refimpl.record import field_names, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.http.retry import Retry
    from refimpl.oci.budget import Budget
    from refimpl.report.model import TextOptions

TRACE_KINDS = frozenset({"perf", "cpu", "mem", "opa", "log"})

_WEEK = 604800.0  # seconds

_BOOLEAN_TRACE = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), frozenset({"log"})),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), frozenset[str]()),
}


def parse_trace(text: str) -> frozenset[str]:
    """The kinds of tracing that ``--trace`` asks for; unknown words ask for nothing (specification 10 §1.4)."""
    if text in _BOOLEAN_TRACE:
        return _BOOLEAN_TRACE[text]
    words = [word.strip().lower() or "log" for word in text.split(",")]
    for word in words:
        if word in ("none", "all"):
            return frozenset() if word == "none" else TRACE_KINDS
    return TRACE_KINDS.intersection(words)


@record
class Options:
    """All flags of one ``validate image``; each field is named after its flag, durations are seconds.

    Other commands have some of them, and leave the others at their defaults.
    `output` holds the flag's values, with ``json=<path>`` added for a deprecated ``--output-file`` (24 §1).
    """

    image: str = ""
    images: str = ""
    file_path: str = ""
    json_input: str = ""
    snapshot: str = ""

    policy: str = ""
    public_key: str = ""
    rekor_url: str = ""
    ignore_rekor: bool = False
    skip_image_sig_check: bool = False
    skip_att_sig_check: bool = False
    certificate_identity: str = ""
    certificate_identity_regexp: str = ""
    certificate_oidc_issuer: str = ""
    certificate_oidc_issuer_regexp: str = ""
    effective_time: str = "now"
    allow_past_effective_time: bool = False
    extra_rule_data: tuple[str, ...] = ()
    filter_type: str = "include-exclude"

    strict: bool = True
    info: bool = False
    output: tuple[str, ...] = ()
    color: bool = False
    no_color: bool = False
    workers: int = 5
    processes: int = 0  # as many as fit
    engine: str = "processes"
    scheduler: str = ""
    registry_requests: float = 0.0
    registry_bytes: int = 0
    shard: str = ""
    resume: str = ""
    show_successes: bool = False
    show_warnings: bool = True
    show_policy_docs_link: bool = False

    vsa: bool = False
    attestation_format: str = "dsse"
    vsa_signing_key: str = ""
    vsa_public_key: str = ""
    vsa_upload: tuple[str, ...] = ()
    vsa_expiration: float = _WEEK
    attestation_output_dir: str = ""

    debug: bool = False
    verbose: bool = False
    quiet: bool = False
    logfile: str = ""
    trace: frozenset[str] = frozenset()
    kubeconfig: str = ""
    timeout: float = 300.0
    retry_max_wait: float = 3.0
    retry_max_retry: int = 3
    retry_duration: float = 1.0
    retry_factor: float = 2.0
    retry_jitter: float = 0.1

    @classmethod
    def from_flags(cls, values: Mapping[str, Any]) -> Options:
        """From the values that `flags.parse_flags` gives, by flag name; flags that a command lacks stay."""
        taken: dict[str, Any] = {}
        for name in field_names(cls):
            flag = name.replace("_", "-")
            if flag in values:
                value = values[flag]
                taken[name] = tuple(value) if isinstance(value, list) else value
        if values.get("output-file"):
            taken["output"] = (*taken["output"], f"json={values['output-file']}")
        taken["trace"] = parse_trace(values["trace"])
        return cls(**taken)

    def text_options(self, environ: Mapping[str, str]) -> TextOptions:
        """What a report's text shows; its colours also depend on standard output."""
        from refimpl.report.model import TextOptions
        from refimpl.report.targets import use_color

        is_terminal = sys.stdout.isatty()
        color = use_color(color=self.color, no_color=self.no_color, environ=environ, is_terminal=is_terminal)
        return TextOptions(self.show_successes, self.show_warnings, self.show_policy_docs_link, color)

    @property
    def budget(self) -> Budget | None:
        """How fast each registry may be asked; None without a limit. One for all processes of a run."""
        if not self.registry_requests and not self.registry_bytes:
            return None
        from refimpl.oci.budget import Budget, Pace

        return Budget(Pace(self.registry_requests, self.registry_bytes))

    @property
    def retry(self) -> Retry:
        """How often and when requests are repeated."""
        from refimpl.http.retry import Retry

        return Retry(
            self.retry_max_wait, self.retry_max_retry, self.retry_duration, self.retry_factor, self.retry_jitter
        )
