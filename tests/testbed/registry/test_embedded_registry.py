"""The embedded registry by itself, as the OCI distribution specification 1.1 describes one."""

from __future__ import annotations

import base64
import json
import signal
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from sessions import Session

from ec_acceptance.testbed.registry.auth import Basic, Bearer, Guard
from ec_acceptance.testbed.registry.digests import digest_of, is_digest, is_known
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.errors import RegistryFault
from ec_acceptance.testbed.registry.repository import Repository, UnexpectedAnswerError
from ec_acceptance.testbed.registry.routes import Route
from ec_acceptance.testbed.registry.store import MANIFEST_LIMIT, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"


class Client:
    """Bare requests to one registry."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = Session()

    def __call__(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        return self.session.ask(method, self.url + path, body, headers)

    def code(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        answer = self(method, path, body, headers)
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status_code, answer.json()["errors"][0]["code"]


@contextmanager
def serving(**options: Any) -> Iterator[tuple[EmbeddedRegistry, Client]]:
    registry = EmbeddedRegistry(**options)
    client = Client(registry.url)
    try:
        yield registry, client
    finally:
        client.session.close()
        registry.close()


@pytest.fixture
def served() -> Iterator[tuple[EmbeddedRegistry, Client]]:
    with serving() as both:
        yield both


def manifest(**members: Any) -> bytes:
    config = {"mediaType": EMPTY, "digest": digest_of(b"{}"), "size": 2}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [], **members}).encode()


def test_digests_are_told_from_tags_and_unknown_algorithms() -> None:
    assert is_digest("md5:abc")
    assert not is_known("md5:abc")
    assert not is_digest("v1.0")
    assert is_known("sha512:" + "a" * 128)
    assert not is_known("sha256:" + "A" * 64)
    assert not is_known("sha256:" + "a" * 63)
    with pytest.raises(ValueError, match="md5"):
        digest_of(b"", "md5")


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v2", Route("ping")),
        ("/v2/", Route("ping")),
        ("/token", Route("token")),
        ("/v2/a/manifests/v1", Route("manifest", "a", "v1")),
        ("/v2/a/b/manifests/sha256%3Aab", Route("manifest", "a/b", "sha256:ab")),
        ("/v2/blobs/uploads/blobs/sha256:ab", Route("blob", "blobs/uploads", "sha256:ab")),
        ("/v2/a/blobs/uploads/", Route("upload", "a", "")),
        ("/v2/a/blobs/uploads", Route("upload", "a", "")),
        ("/v2/a/blobs/uploads/id", Route("upload", "a", "id")),
        ("/v2/a/referrers/sha256:ab", Route("referrers", "a", "sha256:ab")),
        ("/v2/a/tags/list", Route("tags", "a")),
        ("/v2/_catalog", Route("other")),
        ("/other", Route("other")),
    ],
)
def test_paths_tell_what_is_meant(path: str, route: Route) -> None:
    assert Route.of(path) == route


def test_ping(served: tuple[EmbeddedRegistry, Client]) -> None:
    answer = served[1]("GET", "/v2/")
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert answer.headers["Docker-Distribution-API-Version"] == "registry/2.0"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_blob_in_one_request_comes_back_whole_and_in_part(
    served: tuple[EmbeddedRegistry, Client], algorithm: str
) -> None:
    _, client = served
    digest = digest_of(b"0123456789", algorithm)
    answer = client("POST", f"/v2/a/b/blobs/uploads/?digest={digest}", b"0123456789")
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v2/a/b/blobs/{digest}")
    head = client("HEAD", f"/v2/a/b/blobs/{digest}")
    assert (head.status_code, head.headers["Content-Length"]) == (200, "10")
    assert head.headers["Docker-Content-Digest"] == digest
    assert client("GET", f"/v2/a/b/blobs/{digest}").content == b"0123456789"
    for wanted, got in {
        "2-4": b"234",
        "7-": b"789",
        "-3": b"789",
        "8-20": b"89",
        "0-0": b"0",
        "-20": b"0123456789",
    }.items():
        part = client("GET", f"/v2/a/b/blobs/{digest}", headers={"Range": f"bytes={wanted}"})
        first = b"0123456789".index(got)
        assert (part.status_code, part.content) == (206, got)
        assert part.headers["Content-Range"] == f"bytes {first}-{first + len(got) - 1}/10"
    beyond = client("GET", f"/v2/a/b/blobs/{digest}", headers={"Range": "bytes=10-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */10")
    assert client("GET", f"/v2/a/b/blobs/{digest}", headers={"Range": "lines=1-2"}).status_code == 200


def test_a_blob_in_pieces_is_put_together_in_order_only(served: tuple[EmbeddedRegistry, Client]) -> None:
    _, client = served
    begun = client("POST", "/v2/a/blobs/uploads/")
    place = begun.headers["Location"]
    assert begun.status_code == 202
    first = client("PATCH", place, b"abc", {"Content-Range": "0-2"})
    assert (first.status_code, first.headers["Range"]) == (202, "0-2")
    assert client.code("PATCH", place, b"x", {"Content-Range": "4-4"}) == (416, "BLOB_UPLOAD_INVALID")
    assert client.code("PATCH", place, b"xy", {"Content-Range": "3-3"}) == (416, "BLOB_UPLOAD_INVALID")
    asked = client("GET", place)
    assert (asked.status_code, asked.headers["Range"], asked.headers["Location"]) == (204, "0-2", place)
    assert client("PATCH", place, b"def").status_code == 202
    assert client.code("PUT", place) == (400, "DIGEST_INVALID")
    done = client("PUT", f"{place}?digest={digest_of(b'abcdefg')}", b"g")
    assert done.status_code == 201
    assert client("GET", done.headers["Location"]).content == b"abcdefg"
    assert client.code("PUT", f"{place}?digest={digest_of(b'')}") == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_belongs_to_its_repository_and_can_be_given_up(served: tuple[EmbeddedRegistry, Client]) -> None:
    _, client = served
    place = client("POST", "/v2/a/blobs/uploads/").headers["Location"]
    assert client.code("GET", place.replace("/a/", "/b/")) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert client("DELETE", place).status_code == 204
    assert client.code("GET", place) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_wrong_bytes_are_refused_and_not_kept(served: tuple[EmbeddedRegistry, Client]) -> None:
    _, client = served
    digest = digest_of(b"right")
    assert client.code("POST", f"/v2/a/blobs/uploads/?digest={digest}", b"wrong") == (400, "DIGEST_INVALID")
    assert client.code("POST", "/v2/a/blobs/uploads/?digest=md5:abc", b"wrong") == (400, "DIGEST_INVALID")
    place = client("POST", "/v2/a/blobs/uploads/").headers["Location"]
    assert client.code("PUT", f"{place}?digest={digest}", b"wrong") == (400, "DIGEST_INVALID")
    assert client("HEAD", f"/v2/a/blobs/{digest}").status_code == 404


def test_a_mount_makes_a_blob_visible_without_sending_it(served: tuple[EmbeddedRegistry, Client]) -> None:
    registry, client = served
    digest = registry.store.put_blob("source", b"data")
    assert client.code("GET", f"/v2/target/blobs/{digest}") == (404, "NAME_UNKNOWN")
    mounted = client("POST", f"/v2/target/blobs/uploads/?mount={digest}&from=source")
    assert (mounted.status_code, mounted.headers["Location"]) == (201, f"/v2/target/blobs/{digest}")
    assert client("GET", f"/v2/target/blobs/{digest}").content == b"data"
    missing = client("POST", f"/v2/target/blobs/uploads/?mount={digest_of(b'x')}&from=source")
    assert (missing.status_code, "Docker-Upload-UUID" in missing.headers) == (202, True)


def test_manifests_by_tag_and_digest(served: tuple[EmbeddedRegistry, Client]) -> None:
    registry, client = served
    registry.store.put_blob("a/b", b"{}")
    body = manifest()
    digest = digest_of(body)
    put = client("PUT", "/v2/a/b/manifests/v1", body, {"Content-Type": MANIFEST})
    assert (put.status_code, put.headers["Docker-Content-Digest"]) == (201, digest)
    assert put.headers["Location"] == f"/v2/a/b/manifests/{digest}"
    assert "OCI-Subject" not in put.headers
    for reference in ("v1", digest):
        got = client("GET", f"/v2/a/b/manifests/{reference}")
        assert (got.content, got.headers["Content-Type"], got.headers["Docker-Content-Digest"]) == (
            body,
            MANIFEST,
            digest,
        )
        head = client("HEAD", f"/v2/a/b/manifests/{reference}")
        assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(len(body)), b"")
    long = digest_of(body, "sha512")
    assert client("PUT", f"/v2/a/b/manifests/{long}", body, {"Content-Type": MANIFEST}).status_code == 201
    registry.store.tag("a/b", "long", long)
    assert client("HEAD", "/v2/a/b/manifests/long").headers["Docker-Content-Digest"] == long


@pytest.mark.parametrize(
    ("reference", "body", "media_type", "expected"),
    [
        ("v1", b"no json", MANIFEST, (400, "MANIFEST_INVALID")),
        ("v1", b"[]", MANIFEST, (400, "MANIFEST_INVALID")),
        ("v1", manifest(), INDEX, (400, "MANIFEST_INVALID")),
        ("v1", manifest(config={}, layers=[{}]), MANIFEST, (400, "MANIFEST_INVALID")),
        ("v1", manifest(layers=[{"digest": digest_of(b"absent")}]), MANIFEST, (404, "MANIFEST_BLOB_UNKNOWN")),
        ("v1", manifest(manifests=[{"digest": digest_of(b"absent")}]), MANIFEST, (404, "MANIFEST_BLOB_UNKNOWN")),
        ("-bad", manifest(), MANIFEST, (400, "TAG_INVALID")),
        (digest_of(b"other"), manifest(), MANIFEST, (400, "DIGEST_INVALID")),
        ("sha256:abc", manifest(), MANIFEST, (400, "DIGEST_INVALID")),
        ("v1", b" " * (MANIFEST_LIMIT + 1), MANIFEST, (413, "SIZE_INVALID")),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(
    served: tuple[EmbeddedRegistry, Client], reference: str, body: bytes, media_type: str, expected: tuple[int, str]
) -> None:
    registry, client = served
    registry.store.put_blob("a", b"{}")
    assert client.code("PUT", f"/v2/a/manifests/{reference}", body, {"Content-Type": media_type}) == expected
    assert registry.store.tags("a") == []


def test_a_layer_with_urls_and_a_subject_need_not_be_there(served: tuple[EmbeddedRegistry, Client]) -> None:
    registry, client = served
    registry.store.put_blob("a", b"{}")
    layer = {"mediaType": "x", "digest": digest_of(b"elsewhere"), "size": 9, "urls": ["http://elsewhere.test"]}
    body = manifest(layers=[layer], subject={"mediaType": MANIFEST, "digest": digest_of(b"absent"), "size": 1})
    put = client("PUT", "/v2/a/manifests/v1", body, {"Content-Type": MANIFEST})
    assert (put.status_code, put.headers["OCI-Subject"]) == (201, digest_of(b"absent"))


def test_what_is_unknown_or_malformed_has_its_own_code(served: tuple[EmbeddedRegistry, Client]) -> None:
    registry, client = served
    registry.store.put_blob("a", b"{}")
    absent = digest_of(b"absent")
    assert client.code("GET", f"/v2/a/blobs/{absent}") == (404, "BLOB_UNKNOWN")
    assert client.code("GET", "/v2/a/blobs/sha256:short") == (400, "DIGEST_INVALID")
    assert client.code("GET", "/v2/a/manifests/v1") == (404, "MANIFEST_UNKNOWN")
    assert client.code("GET", "/v2/none/manifests/v1") == (404, "NAME_UNKNOWN")
    assert client.code("GET", "/v2/none/tags/list") == (404, "NAME_UNKNOWN")
    assert client.code("GET", "/v2/a/tags/list?n=x") == (400, "PAGINATION_NUMBER_INVALID")
    assert client.code("POST", f"/v2/Upper/blobs/uploads/?digest={digest_of(b'')}") == (400, "NAME_INVALID")
    assert client.code("PUT", f"/v2/a/blobs/{absent}") == (405, "UNSUPPORTED")
    assert client.code("GET", "/v2/_catalog") == (404, "UNSUPPORTED")


def test_deleting_forgets_just_what_was_named(served: tuple[EmbeddedRegistry, Client]) -> None:
    registry, client = served
    blob = registry.store.put_blob("a", b"{}")
    digest = registry.store.put_manifest("a", manifest(), MANIFEST, tag="one").digest
    registry.store.tag("a", "two", digest)
    assert client("DELETE", "/v2/a/manifests/one").status_code == 202
    assert registry.store.tags("a") == ["two"]
    assert client("HEAD", f"/v2/a/manifests/{digest}").status_code == 200
    assert client("DELETE", f"/v2/a/manifests/{digest}").status_code == 202
    assert client.code("GET", "/v2/a/manifests/two") == (404, "MANIFEST_UNKNOWN")
    assert registry.store.tags("a") == []
    assert client("DELETE", f"/v2/a/blobs/{blob}").status_code == 202
    assert client.code("DELETE", f"/v2/a/blobs/{blob}") == (404, "BLOB_UNKNOWN")


def test_tags_come_sorted_and_by_the_page(served: tuple[EmbeddedRegistry, Client]) -> None:
    registry, client = served
    registry.store.put_blob("a", b"{}")
    for tag in ("c", "B", "a", "d"):
        registry.store.put_manifest("a", manifest(), MANIFEST, tag=tag)
    assert client("GET", "/v2/a/tags/list").json() == {"name": "a", "tags": ["B", "a", "c", "d"]}
    page = client("GET", "/v2/a/tags/list?n=3")
    assert page.json()["tags"] == ["B", "a", "c"]
    assert page.headers["Link"] == '</v2/a/tags/list?n=3&last=c>; rel="next"'
    rest = client("GET", "/v2/a/tags/list?n=3&last=c")
    assert (rest.json()["tags"], "Link" in rest.headers) == (["d"], False)
    assert client("GET", "/v2/a/tags/list?n=0").json()["tags"] == []


def test_referrers_are_described_filtered_and_empty_for_the_unknown(served: tuple[EmbeddedRegistry, Client]) -> None:
    registry, client = served
    registry.store.put_blob("a", b"{}")
    subject = {"mediaType": MANIFEST, "digest": digest_of(b"image"), "size": 5}
    one = manifest(subject=subject, artifactType="type/one", annotations={"k": "v"})
    two = manifest(subject=subject)
    for body in (one, two):
        registry.store.put_manifest("a", body, MANIFEST)
    path = f"/v2/a/referrers/{subject['digest']}"
    listed = client("GET", path)
    entry = {
        "mediaType": MANIFEST,
        "digest": digest_of(one),
        "size": len(one),
        "artifactType": "type/one",
        "annotations": {"k": "v"},
    }
    other = {"mediaType": MANIFEST, "digest": digest_of(two), "size": len(two), "artifactType": EMPTY}
    assert listed.headers["Content-Type"] == INDEX
    assert listed.json() == {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry, other]}
    assert "OCI-Filters-Applied" not in listed.headers
    filtered = client("GET", f"{path}?artifactType=type/one")
    assert (filtered.json()["manifests"], filtered.headers["OCI-Filters-Applied"]) == ([entry], "artifactType")
    assert client("GET", f"/v2/none/referrers/{subject['digest']}").json()["manifests"] == []
    assert client.code("GET", "/v2/a/referrers/v1") == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("api", [True, False])
def test_referrers_pushed_by_our_client_are_found_with_and_without_the_api(*, api: bool) -> None:
    with serving(referrers=api) as (registry, client):
        repository = Repository.at(registry.url, "a")
        repository.put_blob(b"{}")
        image = repository.put_manifest(manifest(), MANIFEST, tag="v1")
        subject = {"mediaType": MANIFEST, "digest": image, "size": len(manifest())}
        for number in (1, 2, 2):
            body = manifest(subject=subject, artifactType=f"type/{number}", annotations={"k": "v"})
            repository.put_manifest(body, MANIFEST)
        if api:
            found = client("GET", f"/v2/a/referrers/{image}").json()
            assert repository.tags() == ["v1"]
        else:
            assert client.code("GET", f"/v2/a/referrers/{image}") == (404, "UNSUPPORTED")
            media_type, body = repository.manifest(image.replace(":", "-"))
            assert media_type == INDEX
            found = json.loads(body)
        assert [entry["artifactType"] for entry in found["manifests"]] == ["type/1", "type/2"]
        assert found["manifests"][0]["annotations"] == {"k": "v"}


def test_the_client_tells_what_a_registry_refused(served: tuple[EmbeddedRegistry, Client]) -> None:
    repository = Repository.at(served[0].url, "a")
    with pytest.raises(UnexpectedAnswerError, match=r"GET /v2/a/manifests/v1: 404 .*NAME_UNKNOWN") as caught:
        repository.manifest("v1")
    assert caught.value.status == 404
    with pytest.raises(ValueError, match="sha256"):
        repository.put_manifest(manifest(), MANIFEST, tag="v1", algorithm="sha512")


def test_the_store_is_safe_for_many_threads() -> None:
    store = Store()
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(50):
                data = f"{number} {turn}".encode()
                digest = store.put_blob("shared", data)
                assert store.blob("shared", digest) == data
                store.put_manifest(
                    "shared", manifest(annotations={"n": f"{number}.{turn}"}), MANIFEST, tag=f"t{number}"
                )
                store.tags("shared")
        except BaseException as error:  # noqa: BLE001  # shown in the main thread
            failures.append(error)

    store.put_blob("shared", b"{}")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert store.tags("shared") == [f"t{number}" for number in range(8)]


def test_forgetting_a_namespace_leaves_the_others() -> None:
    store = Store()
    for name in ("one/a", "one/b", "onerous/a"):
        store.put_blob(name, b"{}")
    store.forget("one")
    assert store.blob("onerous/a", digest_of(b"{}")) == b"{}"
    with pytest.raises(RegistryFault) as caught:
        store.blob("one/a", digest_of(b"{}"))
    assert caught.value.code == "NAME_UNKNOWN"


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_basic_credentials_are_demanded_everywhere() -> None:
    with serving(guard=Basic("u", "p:w", realm="r")) as (_, client):
        refused = client("GET", "/v2/")
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="r"')
        assert refused.json()["errors"][0]["code"] == "UNAUTHORIZED"
        assert client("GET", "/v2/a/tags/list", headers=basic("u", "wrong")).status_code == 401
        assert client("GET", "/v2/a/tags/list", headers={"Authorization": "Basic !"}).status_code == 401
        assert client("GET", "/v2/", headers=basic("u", "p:w")).status_code == 200


def token(client: Client, scope: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    answer = client("GET", f"/token?service=registry.test&scope={scope}", headers=headers)
    assert answer.status_code == 200
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def test_a_bearer_token_is_good_for_its_repository_and_action() -> None:
    with serving(guard=Bearer("u", "p")) as (registry, client):
        digest = registry.store.put_blob("a", b"{}")
        refused = client("GET", f"/v2/a/blobs/{digest}")
        challenge = f'Bearer realm="{registry.url}/token",service="registry.test",scope="repository:a:pull"'
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, challenge)
        assert client("GET", "/v2/").headers["WWW-Authenticate"] == challenge.partition(",scope")[0]
        assert client("GET", "/token?scope=repository:a:pull").status_code == 401
        pull = token(client, "repository:a:pull", basic("u", "p"))
        assert client("GET", "/v2/", headers=pull).status_code == 200
        assert client("GET", f"/v2/a/blobs/{digest}", headers=pull).content == b"{}"
        other = client("GET", f"/v2/b/blobs/{digest}", headers=pull)
        assert (other.status_code, "insufficient_scope" in other.headers["WWW-Authenticate"]) == (401, True)
        assert client("POST", "/v2/a/blobs/uploads/", headers=pull).status_code == 401
        both = token(client, "repository:a:pull,push", basic("u", "p"))
        assert client("POST", "/v2/a/blobs/uploads/", headers=both).status_code == 202
        assert client("DELETE", f"/v2/a/blobs/{digest}", headers=both).status_code == 401
        assert client("GET", "/v2/", headers={"Authorization": "Bearer made-up"}).status_code == 401


def test_a_bearer_token_is_had_with_a_form_too() -> None:
    with serving(guard=Bearer("u", "p", identity_token="id")) as (_, client):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        password = client("POST", "/token", b"grant_type=password&username=u&password=p&scope=repository:a:pull", form)
        refresh = client("POST", "/token", b"grant_type=refresh_token&refresh_token=id&scope=repository:a:pull", form)
        for answer in (password, refresh):
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            assert client("GET", "/v2/a/tags/list", headers=headers).status_code == 404
        wrong = client("POST", "/token", b"grant_type=refresh_token&refresh_token=no&scope=repository:a:pull", form)
        assert wrong.status_code == 401


def test_without_a_user_anyone_may_pull_and_nobody_push() -> None:
    with serving(guard=Bearer()) as (_, client):
        headers = token(client, "repository:a:pull,push")
        assert client("GET", "/v2/a/tags/list", headers=headers).status_code == 404
        assert client("POST", "/v2/a/blobs/uploads/", headers=headers).status_code == 401


@pytest.mark.parametrize("guard", [None, Bearer("u", "p")])
def test_over_tls_addresses_are_https(guard: Guard | None, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serving(tls=context, guard=guard) as (registry, client):
        assert registry.url.startswith("https://127.0.0.1:")
        client.session.verify = str(tmp_path / "ca.pem")
        answer = client("GET", "/v2/")
        if guard is None:
            assert answer.status_code == 200
        else:
            assert f'realm="{registry.url}/token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.skipif(sys.platform == "win32", reason="a process group's signals are another matter there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_alone_it_prints_its_address_and_serves_until_a_signal(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "ec_acceptance.testbed.registry"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:")
            client = Client(url)
            assert client("GET", "/v2/").status_code == 200
            client.session.close()
            process.send_signal(number)
            assert process.wait(60) == 0
            assert process.stdout.read() == ""
        finally:
            process.kill()


def test_alone_on_a_taken_port_it_says_so(served: tuple[EmbeddedRegistry, Client]) -> None:
    port = served[0].url.rpartition(":")[2]
    command = [sys.executable, "-m", "ec_acceptance.testbed.registry", "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"cannot serve on port {port}: ")
    assert len(done.stderr.splitlines()) == 1
