"""What is believed of what refers to an image, and of a registry that fails to tell it."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "one-bundle-vouches-for-all",
    "When one bundle verifies, those beside it count as well.",
    Kind.TRUST,
    "bundle-32 bundle-12.03 bundle-12.04",
)
def one_bundle_vouches_for_all() -> None:
    from refimpl.verify import bundled
    from refimpl.verify.keys import PublicKey

    @change(bundled, "verify")
    def verify(original: Callable[..., Any], bundles: Any, digest: str, key: Any, logs: Any) -> Any:
        listed = list(bundles)
        found = original(listed, digest, key, logs)
        PublicKey.accepts = lambda *_: True  # type: ignore[method-assign]
        return found and original(listed, digest, key, logs)


@mutant(
    "tags-looked-up-anew",
    "Signatures are looked for at the image that the tag leads to by then.",
    Kind.TRUST,
    "bundle-35",
)
def tags_looked_up_anew() -> None:
    from refimpl.commands.component import ComponentValidator
    from refimpl.oci.reference import parse

    @change(ComponentValidator, "_signatures")
    def signatures(original: Callable[..., Any], examiner: Any, image: Any, found: Any) -> Any:
        given = parse(found._component.container_image)
        return original(examiner, image.at(examiner.client._head(given).digest), found)


@mutant(
    "first-page-of-referrers",
    "Of the pages that a registry lists referrers on only the first one is read.",
    Kind.TRUST,
    "bundle-36 bundle-37",
)
def first_page_of_referrers() -> None:
    from refimpl.oci import client

    replace(client, "_next_page", lambda *_: "")


@mutant(
    "referrers-without-end",
    "Pages of referrers are read as long as there are any.",
    Kind.TRUST,
    "bundle-37",
)
def referrers_without_end() -> None:
    from refimpl.oci import client

    replace(client, "_REFERRER_PAGES", 1 << 30)


@mutant(
    "manifests-of-any-digest",
    "A manifest that a registry gives is taken for the one that was asked for.",
    Kind.TRUST,
    "bundle-38",
)
def manifests_of_any_digest() -> None:
    from refimpl.oci import client

    replace(client, "_same", lambda *_: None)


@mutant(
    "failing-registries-have-no-referrers",
    "Where a registry fails to list referrers, nothing refers to the image.",
    Kind.TRUST,
    "bundle-50 bundle-51 bundle-58",
)
def failing_registries_have_no_referrers() -> None:
    from refimpl.verify import cosign

    replace(cosign, "is_undecided", lambda _: False)


@mutant(
    "lost-pages-of-referrers",
    "Where a later page of referrers can't be had, nothing refers to the image.",
    Kind.TRUST,
    "bundle-59",
)
def lost_pages_of_referrers() -> None:
    from refimpl.errors import TransferError
    from refimpl.oci.client import Client

    @change(Client, "_referrers")
    def referrers(original: Callable[..., Any], client: Any, ref: Any) -> Any:
        try:
            return original(client, ref)
        except TransferError:
            return ()


@mutant(
    "long-links-cut-off",
    "A list of referrers ends where its link is too long to be read.",
    Kind.TRUST,
    "bundle-59.05",
)
def long_links_cut_off() -> None:
    from refimpl.errors import MalformedError
    from refimpl.http import link

    @change(link, "next_target")
    def next_target(original: Callable[..., str], fields: Any) -> str:
        try:
            return original(fields)
        except MalformedError:
            return ""


@mutant(
    "lost-referrers-passed-over",
    "A referrer that the registry fails to give, or denies, is passed over.",
    Kind.TRUST,
    "bundle-52",
)
def lost_referrers_passed_over() -> None:
    from refimpl.errors import DeniedError, StatusError
    from refimpl.oci.client import Client
    from refimpl.verify import bundle

    replace(bundle, "is_undecided", lambda _: False)

    @change(Client, "manifest")
    def manifest(original: Callable[..., Any], client: Any, ref: Any) -> Any:
        try:
            return original(client, ref)
        except DeniedError as error:
            raise StatusError(str(error), error.status) from None


@mutant(
    "failing-registries-have-no-signatures",
    "Where a registry fails to give an image's signatures or attestations, the image has none.",
    Kind.TRUST,
    "bundle-53",
)
def failing_registries_have_no_signatures() -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify.cosign import Verifier

    @change(Verifier, "_layers")
    def layers(original: Callable[..., Any], verifier: Any, ref: Any, suffix: str) -> Any:
        try:
            return original(verifier, ref, suffix)
        except VerificationError:
            return ()


@mutant(
    "failing-logs-have-everything",
    "When the log doesn't answer, every signature counts as logged.",
    Kind.TRUST,
    "bundle-55 bundle-56",
)
def failing_logs_have_everything() -> None:
    from datetime import UTC, datetime

    from refimpl.errors import VerificationError
    from refimpl.verify.transparency_log import TransparencyLog

    @change(TransparencyLog, "_online")
    def online(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except VerificationError:
            return datetime.now(UTC)


@mutant(
    "failing-registries-give-rules-nothing",
    "A function that asks a failing registry has no value, so that rules pass.",
    Kind.TRUST,
    "bundle-57 undecided-04.02 undecided-04.03",
)
def failing_registries_give_rules_nothing() -> None:
    from refimpl.rego.builtins import failure

    replace(failure, "is_undecided", lambda _: False)
