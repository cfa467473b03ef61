"""Lists of referrers, over several pages and at a tag."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from registries import IMAGE, Connect, ref_at

from ec_acceptance.testbed.fixtures.images import Image, publish
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.rules import Answer
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.errors import DeniedError, LimitExceededError, TransferError


@pytest.mark.parametrize("api", [True, False])
def test_referrers(client_of: Connect, api: bool) -> None:  # noqa: FBT001  # a table's column
    with closing(EmbeddedRegistry(referrers=api)) as registry, closing(Gate(registry)) as gate:
        repository = gate.repository("acme/app")
        publish(IMAGE, repository, "v1")
        ref = ref_at(gate.address, f"@{IMAGE.digest}")
        assert client_of().referrers(ref) == ()
        bundle = Image.of([], extra={"subject": IMAGE.descriptor(), "artifactType": "application/x"})
        publish(bundle, repository, None)
        found = client_of().referrers(ref)
        assert [(one.digest, one.artifact_type) for one in found] == [(bundle.digest, "application/x")]


def referrers_page(digit: str, *links: str) -> Answer:
    body = {"manifests": [{"mediaType": "m", "digest": f"sha256:{digit * 64}", "size": 1}]}
    headers = [("Content-Type", "application/vnd.oci.image.index.v1+json")]
    return Answer(200, (*headers, *(("Link", link) for link in links)), json.dumps(body).encode())


REFERRERS = f"/v2/acme/app/referrers/{IMAGE.digest}"


@pytest.mark.parametrize(
    "links",
    [
        [f'<{REFERRERS}?n=1&last=a>; rel="next"'],
        [f"<{REFERRERS}?n=1&last=a>; REL=next"],
        ['<?n=1&last=a>; rel="prev next"'],
        [f'<./{IMAGE.digest}?n=1&last=a>; rel="next"'],
        ['</first>; rel="first", <?n=1&last=a>; rel="next"'],
        ['</first>; rel="first"', '<?n=1&last=a>; rel="next"'],
        [f'<http://internal.test:8080/prefix{REFERRERS}?n=1&last=a>; rel="next"'],
        [f'<https://u:p@127.0.0.1:1{REFERRERS}?n=1&last=a>; rel="next"'],
    ],
    ids=str,
)
def test_referrers_over_several_pages(gate: Gate, client_of: Connect, links: list[str]) -> None:
    ref = ref_at(gate.address, f"@{IMAGE.digest}")
    gate.add(referrers_page("1", *links), kind="referrers", nth=1)
    gate.add(referrers_page("2"), kind="referrers", nth=2)
    assert [one.digest[7:8] for one in client_of().referrers(ref)] == ["1", "2"]
    assert gate.log.requests(kind="referrers")[1].query == "n=1&last=a"


@pytest.mark.parametrize("link", ["http://[", "/v2/acme/other/referrers/x?n=1", "http://evil.test/x", "//x[/"])
def test_a_list_that_goes_on_elsewhere_is_not_whole(gate: Gate, client_of: Connect, link: str) -> None:
    gate.add(referrers_page("1", f'<{link}>; rel="next"'), kind="referrers")
    with pytest.raises(TransferError, match="the list continues elsewhere"):
        client_of().referrers(ref_at(gate.address, f"@{IMAGE.digest}"))


@pytest.mark.parametrize(
    "second",
    [
        *(Answer(status) for status in (400, 403, 404, 406)),
        Answer(200, (("Content-Type", "text/html"),), b"<p>"),
        Answer(200, (("Content-Type", "application/vnd.oci.image.index.v1+json"),), b'{"manifests": ['),
        Answer(200, (("Content-Type", "application/vnd.oci.image.index.v1+json"),), b'{"manifests": {}}'),
    ],
    ids=str,
)
def test_a_list_of_which_a_page_is_missing_is_not_whole(gate: Gate, client_of: Connect, second: Answer) -> None:
    gate.add(referrers_page("1", f'<{REFERRERS}?n=1>; rel="next"'), kind="referrers", nth=1)
    gate.add(second, kind="referrers", nth=2)
    with pytest.raises(TransferError, match="page"):
        client_of().referrers(ref_at(gate.address, f"@{IMAGE.digest}"))


def test_a_list_that_cannot_be_read(gate: Gate, client_of: Connect) -> None:
    gate.add(
        Answer(200, (("Content-Type", "application/vnd.oci.image.index.v1+json"),), b'{"manifests": ['),
        kind="referrers",
    )
    with pytest.raises(TransferError, match="a page of the list can't be read"):
        client_of().referrers(ref_at(gate.address, f"@{IMAGE.digest}"))


def test_a_page_that_is_its_own_next_one(gate: Gate, client_of: Connect) -> None:
    gate.add(referrers_page("1", f'<{REFERRERS}>; rel="next"'), kind="referrers")
    assert len(client_of().referrers(ref_at(gate.address, f"@{IMAGE.digest}"))) == 1
    assert len(gate.log.requests(kind="referrers")) == 1


def test_referrers_without_end(client_of: Connect) -> None:
    asked: list[str] = []

    def handle(request: Request) -> Response:
        if "/referrers/" not in request.path:
            return Response(200)
        asked.append(request.raw_query)
        answer = referrers_page("1", f'<?page={len(asked)}>; rel="next"')
        return Response(200, answer.headers, answer.body or b"")

    with Server(handle) as server, pytest.raises(LimitExceededError, match="more than 100 pages"):
        client_of().referrers(ref_at(server.address, f"@{IMAGE.digest}"))
    assert len(asked) == 100


def test_referrers_that_are_too_large_together(client_of: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refimpl.oci.client.REFERRERS_LIMIT", 1000)

    def handle(request: Request) -> Response:
        answer = referrers_page("1", f'<?{request.raw_query}1>; rel="next"')
        return Response(200, answer.headers, answer.body or b"")

    with Server(handle) as server, pytest.raises(LimitExceededError, match="larger than"):
        client_of().referrers(ref_at(server.address, f"@{IMAGE.digest}"))


def test_referrers_refused(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(403), kind="referrers")
    with pytest.raises(DeniedError):
        client_of().referrers(ref_at(gate.address, f"@{IMAGE.digest}"))
