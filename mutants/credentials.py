"""Who gets which credentials, and where secrets show up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "first-challenge-only",
    "Of a registry's challenges only the first counts.",
    Kind.CREDENTIALS,
    "creds-01 creds-02 creds-03 creds-04 creds-05",
)
def first_challenge_only() -> None:
    from refimpl.http import challenge

    @change(challenge, "choose")
    def choose(original: Callable[..., Any], offered: list[Any]) -> Any:
        return offered[0] if offered else original(offered)


@mutant(
    "keys-are-hosts",
    "Credentials that are kept under a URL, or under a host and a path, are for nobody.",
    Kind.CREDENTIALS,
    "creds-07 creds-08 creds-09 creds-10",
)
def keys_are_hosts() -> None:
    from refimpl.oci import dockerconfig

    @change(dockerconfig, "_host")
    def host(original: Callable[..., Any], key: str) -> str:
        del original
        return key


@mutant(
    "letter-case-counts",
    "Members of the file with credentials count in their proper letter case only, and nothing may follow the object.",
    Kind.CREDENTIALS,
    "creds-13",
)
def letter_case_counts() -> None:
    import json

    from refimpl.oci import dockerconfig

    @change(dockerconfig, "_first")
    def first(original: Callable[..., Any], raw: bytes, *rest: Any) -> Any:
        del original, rest
        return json.loads(raw)


@mutant(
    "no-inline-credentials",
    "DOCKER_AUTH_CONFIG is passed over.",
    Kind.CREDENTIALS,
    "creds-14",
)
def no_inline_credentials() -> None:
    from refimpl.oci import dockerconfig

    @change(dockerconfig, "_inline")
    def inline(original: Callable[..., Any], text: str) -> Any:
        del original, text
        return {}


@mutant(
    "docker-only",
    "Podman's files with credentials aren't read.",
    Kind.CREDENTIALS,
    "creds-15",
)
def docker_only() -> None:
    from refimpl.oci import dockerconfig

    @change(dockerconfig, "_place")
    def place(original: Callable[..., Any], environ: Any) -> Any:
        podman = {"REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR"}
        return original({name: value for name, value in environ.items() if name not in podman})


@mutant(
    "oauth2-or-nothing",
    "A token server that answers a form with 404 is given up.",
    Kind.CREDENTIALS,
    "creds-17",
)
def oauth2_or_nothing() -> None:
    from refimpl.errors import DeniedError, NotFoundError
    from refimpl.oci.token import TokenServer

    @change(TokenServer, "_read")
    def read(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except NotFoundError as error:
            raise DeniedError(str(error), error.status) from error


@mutant(
    "forms-stay",
    "A redirect of a form with an identity token isn't followed.",
    Kind.CREDENTIALS,
    "creds-18",
)
def forms_stay() -> None:
    from refimpl.oci import token

    @change(token.TokenServer, "_follow")
    def follow(original: Callable[..., Any], self: Any, transport: Any, method: str, url: str, *rest: Any) -> Any:
        if method != "POST":
            return original(self, transport, method, url, *rest)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return transport.exchange(method, url, headers, body=rest[1], follow=False)


@mutant(
    "realm-in-the-clear",
    "A registry with TLS may have the password sent without it.",
    Kind.CREDENTIALS,
    "creds-37",
)
def realm_in_the_clear() -> None:
    from refimpl.oci.token import TokenServer

    @change(TokenServer, "_refusal")
    def refusal(original: Callable[..., Any], self: Any, url: str) -> Any:
        reason = original(self, url)
        return "" if "not allowed for a secure registry" in reason else reason


@mutant(
    "realm-at-any-port",
    "The password goes to whoever listens on the registry's host.",
    Kind.CREDENTIALS,
    "creds-30 creds-36",
)
def realm_at_any_port() -> None:
    from refimpl.oci import token

    @change(token, "is_inside")
    def inside(original: Callable[..., Any], host: str) -> bool:
        return host != "127.0.0.1" and bool(original(host))


@mutant(
    "addresses-by-their-looks",
    "A realm is inside only if its address is written in the usual way.",
    Kind.CREDENTIALS,
    "creds-31 creds-32 creds-33 creds-34 creds-35",
)
def addresses_by_their_looks() -> None:
    from refimpl.oci import token

    @change(token, "is_inside")
    def inside(original: Callable[..., Any], host: str) -> bool:
        return host in {"127.0.0.1", "::1", "localhost"} and bool(original(host))


@mutant(
    "redirected-with-secrets",
    "A token server that redirects gets password and identity token forwarded, wherever it leads.",
    Kind.CREDENTIALS,
    "creds-38",
)
def redirected_with_secrets() -> None:
    from urllib.parse import urljoin

    from refimpl.oci.token import TokenServer

    @change(TokenServer, "_follow")
    def follow(
        original: Callable[..., Any], self: Any, transport: Any, method: str, url: str, authorization: str, body: Any
    ) -> Any:
        del original, self
        headers = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
        while True:
            answer = transport.exchange(method, url, headers, authorization=authorization, body=body, follow=False)
            if answer.status not in {307, 308}:
                return answer
            answer.drain()
            url = urljoin(url, answer.header("Location"))


@mutant(
    "answers-anyone",
    "The challenge of a host that the registry redirects to is met.",
    Kind.CREDENTIALS,
    "creds-39",
)
def answers_anyone() -> None:
    from refimpl.oci import token
    from refimpl.oci.session import Session

    @change(Session, "_is_own")
    def own(original: Callable[..., Any], self: Any, url: str) -> bool:
        del original, self, url
        return True

    @change(token, "is_inside")
    def inside(original: Callable[..., Any], host: str) -> bool:
        del original, host
        return False  # all of the testbed's hosts are, so that the first fault alone would show nothing


@mutant(
    "git-forwards-credentials",
    "Git's second request has the password in it, wherever the first one was redirected to.",
    Kind.CREDENTIALS,
    "creds-40",
)
def git_takes_it_along() -> None:
    from refimpl.policy.sources import git

    @change(git, "address_of")
    def address(original: Callable[..., Any], url: str) -> str:
        del original, url
        return "the same"


@mutant(
    "says-passwords",
    "URLs are said, logged and reported with their passwords.",
    Kind.CREDENTIALS,
    "creds-40 creds-41 creds-44",
)
def says_passwords() -> None:
    from refimpl import redaction

    @change(redaction, "without_secrets")
    def whole(original: Callable[..., Any], text: str) -> str:
        del original
        return text


@mutant(
    "next-page-anywhere",
    "The next page of referrers is asked of whatever host the registry names.",
    Kind.CREDENTIALS,
    "creds-43",
)
def next_page_anywhere() -> None:
    from refimpl.http.link import next_target
    from refimpl.oci import client

    @change(client, "_next_page")
    def following(original: Callable[..., Any], response: Any, ref: Any) -> Any:
        target = next_target(response.headers("Link"))
        if target.startswith("http"):
            response._transport.exchange("GET", target).drain()  # noqa: SLF001 - a fault on purpose
        return original(response, ref)


@mutant(
    "base64-in-one-line",
    "A kubeconfig's certificates must stand in one line.",
    Kind.CREDENTIALS,
    "creds-21",
)
def base64_in_one_line() -> None:
    from refimpl.kubernetes import kubeconfig

    @change(kubeconfig, "_decode")
    def decode(original: Callable[..., Any], value: Any, path: str) -> Any:
        if "\n" in str(value):
            raise kubeconfig.ConfigurationError(f"{path}: illegal base64 data")
        return original(value, path)


@mutant(
    "unclear-kubeconfigs",
    "Of what a kubeconfig says twice, or in the wrong type, something counts.",
    Kind.CREDENTIALS,
    "creds-46.01 creds-46.02 creds-46.04",
)
def unclear_kubeconfigs() -> None:
    from refimpl.kubernetes import kubeconfig

    replace(kubeconfig, "wrong_type", lambda *_: "")
    replace(kubeconfig, "user_problems", lambda *_: ())
    replace(kubeconfig, "doubled_methods", lambda *_: ())


@mutant(
    "empty-token-is-nobody",
    "Whose file with a token is empty asks as anybody.",
    Kind.CREDENTIALS,
    "creds-46.03",
)
def empty_token_is_nobody() -> None:
    from refimpl.kubernetes import kubeconfig

    replace(kubeconfig, "_token", lambda _: "")


@mutant(
    "pods-without-a-cluster",
    "Only kubeconfigs say where a cluster is.",
    Kind.CREDENTIALS,
    "creds-47 creds-48 creds-49",
)
def pods_without_a_cluster() -> None:
    from refimpl.kubernetes import kubeconfig

    replace(kubeconfig, "_pods_cluster", lambda _: "")


@mutant(
    "pods-are-at-home-in-default",
    "What a pod doesn't name with its namespace is looked for in the namespace `default`.",
    Kind.CREDENTIALS,
    "creds-47 creds-48",
)
def pods_are_at_home_in_default() -> None:
    from refimpl.kubernetes import kubeconfig

    replace(kubeconfig, "current_namespace", lambda access, *_: access.namespace or "default")


@mutant(
    "pod-namespace-is-no-variable",
    "A pod's namespace is that of its service account, whatever it is told.",
    Kind.CREDENTIALS,
    "creds-48",
)
def pod_namespace_is_no_variable() -> None:
    from refimpl.kubernetes import kubeconfig

    @change(kubeconfig, "current_namespace")
    def current_namespace(original: Callable[..., Any], access: Any, environ: Any, *place: Any) -> Any:
        return original(access, {**environ, "POD_NAMESPACE": ""}, *place)


@mutant(
    "pods-without-tokens-ask",
    "A pod without a token asks its cluster as anybody.",
    Kind.CREDENTIALS,
    "creds-50",
)
def pods_without_tokens_ask() -> None:
    from refimpl.kubernetes import kubeconfig

    replace(kubeconfig, "is_pod", lambda *_: True)

    @change(kubeconfig, "_file")
    def file(original: Callable[..., Any], path: Any) -> Any:
        return original(path) if path.name != "token" else b""


@mutant(
    "plugins-without-arguments",
    "Credential plugins of kubeconfigs are started without their arguments and variables.",
    Kind.CREDENTIALS,
    "creds-22 creds-23",
)
def plugins_without_arguments() -> None:
    from refimpl.kubernetes import client
    from refimpl.record import replace

    @change(client, "run")
    def run(original: Callable[..., Any], plugin: Any, *rest: Any) -> Any:
        return original(replace(plugin, arguments=(), environ=()), *rest)


@mutant(
    "white-space-ends-secrets",
    "A password in the URL of a source is cut out up to its first blank or quote only.",
    Kind.CREDENTIALS,
    "hostile-07",
)
def white_space_ends_secrets() -> None:
    import re

    from refimpl import redaction

    replace(redaction, "_ALONE", re.compile("(?!)"))


@mutant(
    "servers-repeat-secrets",
    "What a server says of a request is shown, with the credentials that the request had.",
    Kind.CREDENTIALS,
    "hostile-08",
)
def servers_repeat_secrets() -> None:
    from refimpl.http import transport

    @change(transport, "without_credentials")
    def without_credentials(_: object, said: str, *__: object) -> str:
        return said


@mutant(
    "helpers-of-few-words",
    "A credential helper that answers nothing, or something else than texts, stands for nobody.",
    Kind.CREDENTIALS,
    "creds-45.01 creds-45.02",
)
def helpers_of_few_words() -> None:
    from refimpl.oci import dockerconfig

    @change(dockerconfig, "helper_answer")
    def helper_answer(original: Callable[..., Any], raw: bytes) -> Any:
        try:
            return original(raw)
        except ValueError:
            return "", ""


@mutant(
    "ended-helpers-stand-for-nobody",
    "A credential helper that a signal ended stands for nobody.",
    Kind.CREDENTIALS,
    "creds-45.03",
)
def ended_helpers_stand_for_nobody() -> None:
    from refimpl.system import program

    @change(program, "ask")
    def ask(original: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        answer = original(*arguments, **options)
        return answer if answer.status >= 0 else program.Answer(b"{}", 0)
