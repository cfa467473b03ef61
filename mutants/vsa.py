"""Verification summaries: what is attested, and what counts as attested."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__: list[str] = []


@mutant("vsa-always-passed", "A VSA says that the image passed, whatever was found.", Kind.VSA, "vsa-02")
def always_passed() -> None:
    from refimpl.report import vsa
    from refimpl.vsa import making

    original = vsa.component_predicate

    def passed(*arguments: Any, **options: Any) -> Mapping[str, Any]:
        return {**original(*arguments, **options), "status": "passed"}

    replace(making, "component_predicate", passed)


@mutant("vsa-without-images-of-indexes", "An index's VSA doesn't name its images.", Kind.VSA, "vsa-03")
def without_images_of_indexes() -> None:
    from refimpl.report import vsa

    replace(vsa, "_images", lambda *_: ())


@mutant("vsa-names-as-paths", "A component's name can lead out of the folder for VSAs.", Kind.VSA, "vsa-14")
def names_as_paths() -> None:
    from refimpl.vsa.files import Folder

    @change(Folder, "path")
    def path(self: Any, name: str, digest: str) -> Path:
        del digest
        (self._path / f"vsa-{name}.json").parent.mkdir(parents=True, exist_ok=True)
        return Path(self._path / f"vsa-{name}.json")


@mutant("vsa-overwritten", "Of components with one name, only the last one's VSA is left.", Kind.VSA, "vsa-15")
def overwritten() -> None:
    from refimpl.vsa.files import Folder

    @change(Folder, "path")
    def path(self: Any, name: str, digest: str) -> Path:
        del digest
        self._path.mkdir(parents=True, exist_ok=True)
        return Path(self._path / f"vsa-{name}.json")


@mutant("vsa-anywhere", "VSAs are written into whatever folder is named.", Kind.VSA, "vsa-09")
def anywhere() -> None:
    from refimpl.vsa import making

    replace(making, "output_folder", lambda text: Path(text) if text else None)


@mutant("vsa-unencrypted-keys", "A signing key needs no password's protection.", Kind.VSA, "vsa-07")
def unencrypted_keys() -> None:
    from refimpl.vsa import signing_key

    replace(signing_key, "_LABELS", signing_key._LABELS | {"PRIVATE KEY"})
    replace(signing_key, "_decrypt", lambda data, _: data)


def _check_with(**changes: Any) -> None:
    """Have the check of existing VSAs made with other parts."""
    from refimpl.record import replace as changed_record
    from refimpl.vsa import check

    original = check.Check.find

    @change(check.Check, "find")
    def find(self: Any, *arguments: Any, **options: Any) -> Any:
        return original(changed_record(self, **changes), *arguments, **options)


@mutant("vsa-of-any-age", "A VSA of any age stands for a validation.", Kind.VSA, "vsa-42 vsa-76")
def of_any_age() -> None:
    _check_with(longest=0.0)


@mutant("vsa-signed-by-anybody", "The signature of a VSA isn't verified.", Kind.VSA, "vsa-46 vsa-47 vsa-48 vsa-79")
def signed_by_anybody() -> None:
    _check_with(key=None)


@mutant("vsa-by-any-policy", "A VSA stands for a validation by any policy.", Kind.VSA, "vsa-54 vsa-55 vsa-56")
def by_any_policy() -> None:
    from refimpl.vsa import check
    from refimpl.vsa.comparison import Differences

    replace(check, "compare", lambda *_: Differences())


@mutant("vsa-criteria-left-out", "Policies are compared without what they include and exclude.", Kind.VSA, "vsa-55")
def criteria_left_out() -> None:
    from refimpl.vsa import comparison

    replace(comparison, "_matchers", lambda _: frozenset())


@mutant("vsa-rule-data-left-out", "Policies are compared without their rule data.", Kind.VSA, "vsa-56")
def rule_data_left_out() -> None:
    from refimpl.vsa import comparison

    replace(comparison, "_canonical", lambda _: "")


@mutant("vsa-of-any-signer", "A VSA counts though its image had to be signed by another key.", Kind.VSA, "vsa-57")
def of_any_signer() -> None:
    _check_with(image_key=None)


@mutant(
    "vsa-of-any-signer-without-rules",
    "Without rules to judge by a VSA of any signer's image counts.",
    Kind.VSA,
    "vsa-102",
)
def of_any_signer_without_rules() -> None:
    from refimpl.vsa.check import Check
    from refimpl.vsa.comparison import Differences

    @change(Check, "_differences")
    def differences(original: Callable[..., Any], check: Check, *of: Any) -> Any:
        return original(check, *of) if check.policy.sources else Differences()


@mutant("vsa-of-a-tie", "Of VSAs made in the same second the one counts that was logged last.", Kind.VSA, "vsa-103")
def of_a_tie() -> None:
    from refimpl.vsa.check import Summary

    replace(Summary, "rank", property(lambda summary: summary.made))


@mutant("vsa-late-folders-left-out", "A folder behind a source's revision doesn't count.", Kind.VSA, "vsa-104")
def late_folders_left_out() -> None:
    import re

    from refimpl.vsa import comparison

    replace(comparison, "_LATE_FOLDER", re.compile(r"(?!)()"))


@mutant("vsa-of-any-image", "A VSA counts for whatever image it is found for.", Kind.VSA, "vsa-49 vsa-50 vsa-90")
def of_any_image() -> None:
    from refimpl.vsa import check

    replace(check, "check_claim", lambda *_: None)


def _change_reading(alter: Callable[[dict[str, Any], Any], dict[str, Any]]) -> None:
    """Have statements read in another way: `alter` gets what was read, and the document."""
    from refimpl.golang.typed import decode_struct
    from refimpl.vsa import check

    def read(document: Any, shape: Any) -> Any:
        found = decode_struct(document, shape)
        return alter(found, document) if shape is check._STATEMENT else found

    replace(check, "decode_struct", read)


@mutant(
    "vsa-of-any-predicate",
    "Any attestation by the key counts that has the members of a VSA.",
    Kind.VSA,
    "vsa-51 vsa-91",
)
def of_any_predicate() -> None:
    from refimpl.vsa.statement import PREDICATE_TYPE

    _change_reading(lambda found, _: {**found, "predicateType": PREDICATE_TYPE})


@mutant("vsa-without-statement", "A predicate counts that no statement says is about any image.", Kind.VSA, "vsa-52")
def without_statement() -> None:
    from refimpl.golang.typed import decode
    from refimpl.vsa import check
    from refimpl.vsa.statement import PREDICATE_TYPE

    def bare(found: dict[str, Any], document: Any) -> dict[str, Any]:
        if found.get("predicateType"):
            return found
        return {"predicateType": PREDICATE_TYPE, "predicate": decode(document, check._PREDICATE)}

    _change_reading(bare)
    replace(check, "check_claim", lambda *_: None)


@mutant("vsa-of-any-payload-type", "The payload may be declared to be something else.", Kind.VSA, "vsa-53")
def of_any_payload_type() -> None:
    from refimpl.vsa import check

    class Anything(str):
        __slots__ = ()

        def __ne__(self, other: object) -> bool:
            return False

        __hash__ = str.__hash__

    replace(check, "IN_TOTO", Anything())


@mutant("vsa-of-any-verdict", "A VSA counts though it says that the image failed.", Kind.VSA, "vsa-45 vsa-60")
def of_any_verdict() -> None:
    from refimpl.record import replace as changed_record
    from refimpl.vsa import check

    original = check.read_summary
    replace(check, "read_summary", lambda *some: changed_record(original(*some), status=check.PASSED))


@mutant(
    "vsa-logged-last", "Of several VSAs the one counts that was logged last, not the one made last.", Kind.VSA, "vsa-58"
)
def logged_last() -> None:
    from refimpl.vsa.rekor import RekorRetriever

    original = RekorRetriever.retrieve

    @change(RekorRetriever, "retrieve")
    def retrieve(self: Any, identifier: str) -> Any:
        return original(self, identifier)[:1]


@mutant("vsa-hidden-by-others", "What others log about an image hides its VSA.", Kind.VSA, "vsa-59")
def hidden_by_others() -> None:
    logged_last()


@mutant("vsa-from-the-future", "A VSA that is made tomorrow counts today.", Kind.VSA, "vsa-61")
def from_the_future() -> None:
    from refimpl.vsa import check

    replace(check, "_AHEAD", 1 << 62)


@mutant("vsa-for-any-identity", "A VSA counts for whatever identity flags name.", Kind.VSA, "vsa-68")
def for_any_identity() -> None:
    from refimpl.record import replace as changed_record
    from refimpl.vsa import existing

    original = existing.existing_summaries
    flags = ("identity", "identity_regexp", "oidc_issuer", "oidc_issuer_regexp")

    def without(options: Any, *arguments: Any, **more: Any) -> Any:
        changed_options = changed_record(options, **{f"certificate_{flag}": "" for flag in flags})
        return original(changed_options, *arguments, **more)

    replace(existing, "existing_summaries", without)


@mutant("vsa-at-any-time", "A VSA counts for rules that are judged at another time.", Kind.VSA, "vsa-62")
def at_any_time() -> None:
    from refimpl.record import replace as changed_record
    from refimpl.vsa import existing

    original = existing.existing_summaries

    def now(options: Any, *arguments: Any, **more: Any) -> Any:
        return original(changed_record(options, effective_time="now"), *arguments, **more)

    replace(existing, "existing_summaries", now)


@mutant("vsa-renewed", "What a VSA stood for gets a new one, as if it had been validated.", Kind.VSA, "vsa-66")
def renewed() -> None:
    from refimpl.record import replace as changed_record
    from refimpl.vsa import making

    original = making.make

    def make(report: Any, *arguments: Any, **options: Any) -> None:
        components = tuple(changed_record(component, attested=False) for component in report.components)
        original(changed_record(report, components=components), *arguments, **options)

    replace(making, "make", make)


@mutant("vsa-not-uploaded", "What is uploaded to a log is dropped in silence.", Kind.VSA, "vsa-21 vsa-25")
def not_uploaded() -> None:
    from refimpl.vsa.rekor import RekorStorage

    @change(RekorStorage, "store")
    def store(*_: object) -> None:
        return None


@mutant("vsa-first-place-only", "VSAs are uploaded to the first place alone.", Kind.VSA, "vsa-22 vsa-23 vsa-25")
def first_place_only() -> None:
    from refimpl.vsa import making
    from refimpl.vsa.storage import upload

    replace(making, "upload", lambda envelope, flags, **more: upload(envelope, flags[:1], **more))


@mutant("vsa-one-passes-for-all", "One image that conforms makes up for those that don't.", Kind.VSA, "vsa-85")
def one_passes_for_all() -> None:
    from refimpl.commands import vsa_findings

    original = vsa_findings._Sections.__init__

    @change(vsa_findings._Sections, "__init__")
    def begin(self: Any, findings: Any, fallback: Any) -> None:
        original(self, findings, fallback)
        self._passed = any(one.passed for one in findings)


@mutant("vsa-never-validated", "An image whose VSA doesn't count isn't validated itself.", Kind.VSA, "vsa-81 vsa-83")
def never_validated() -> None:
    from refimpl.commands import validate_vsa

    replace(validate_vsa, "_fallback", lambda *_: None)


@mutant("vsa-always-validated", "An image is validated though it has a VSA that counts.", Kind.VSA, "vsa-83")
def always_validated() -> None:
    from refimpl.commands import validate_vsa

    original = validate_vsa._validate

    def validate(findings: Any, left: Any, *arguments: Any, **options: Any) -> Any:
        del left
        return original(findings, findings, *arguments, **options)

    replace(validate_vsa, "_validate", validate)


@mutant("vsa-weeks-as-days", "A week is taken for a day.", Kind.VSA, "vsa-77")
def weeks_are_days() -> None:
    from refimpl.vsa import age

    replace(age, "_HOURS", {"mo": 24, "d": 24, "w": 24})


@mutant("vsa-strict-or-not", "The exit status is 0 whatever was found of VSAs.", Kind.VSA, "vsa-74 vsa-75 vsa-82")
def strict_or_not() -> None:
    from refimpl.commands import validate_vsa
    from refimpl.record import replace as changed_record

    original = validate_vsa.validate_vsa

    def validate(request: Any, options: Any, environ: Any) -> None:
        original(request, changed_record(options, strict=False), environ)

    replace(validate_vsa, "validate_vsa", validate)


@mutant("vsa-in-files-unsigned", "An envelope in a file needs no signature.", Kind.VSA, "vsa-88 vsa-89")
def in_files_unsigned() -> None:
    from refimpl.verify.dsse import Envelope
    from refimpl.vsa import stored

    @change(stored.FileRetriever, "retrieve")
    def retrieve(_: object, identifier: str) -> Any:
        return (Envelope.parse(Path(identifier).read_bytes(), verifying=True),)

    _check_with(key=None)
