"""What the registry, the transparency log, the git server and the cluster were asked in the last run."""

from __future__ import annotations

import itertools

from behave import then, use_step_matcher

from ec_acceptance.testbed.scenario.behave_context import Context, pairs


@then("the registry was asked for")
def the_registry_was_asked(context: Context) -> None:
    """Signatures and attestations are manifests too; who asks what refers to an image doesn't ask for the image."""
    for kind, image in pairs(context.table):
        references = context.world.fixtures.references(kind, image)
        asked = context.world.runs.requests(repository=image, kind="manifest")
        found = [one for one in asked if one.reference in references]
        assert found, f"the registry wasn't asked for the {kind} of {image} ({' or '.join(references)})"


@then("the registry received no request")
def the_registry_was_not_asked(context: Context) -> None:
    asked = context.world.runs.requests()
    assert not asked, "the registry was asked:\n" + "\n".join(map(str, asked))


@then("no manifest was fetched")
def no_image_was_judged(context: Context) -> None:
    asked = context.world.runs.requests(method="GET", kind="manifest")
    assert not asked, "manifests were fetched:\n" + "\n".join(map(str, asked))


@then("no layer was fetched")
def no_layer(context: Context) -> None:
    counts = {name: count for name, count in _layer_fetches(context).items() if count}
    assert not counts, f"layers were fetched: {counts}"


@then("each layer was fetched")
def every_layer(context: Context) -> None:
    missing = [name for name, count in _layer_fetches(context).items() if not count]
    assert not missing, f"layers that were never fetched: {missing}"


@then("each layer was fetched exactly once")
def every_layer_once(context: Context) -> None:
    counts = {name: count for name, count in _layer_fetches(context).items() if count != 1}
    assert not counts, f"layers that weren't fetched exactly once, and how often they were: {counts}"


use_step_matcher("re")


@then(r"(?P<artifact>the .+) was fetched (?P<bound>exactly|at most|at least) (?P<count>once|\d+ times)")
def fetched_so_often(context: Context, artifact: str, bound: str, count: str) -> None:
    wanted = context.world.fixtures.artifact(artifact).request_filter
    found = context.world.runs.requests(**wanted)
    number = 1 if count == "once" else int(count.removesuffix(" times"))
    fits = {"exactly": len(found) == number, "at most": len(found) <= number, "at least": len(found) >= number}[bound]
    assert fits, f"{artifact} was fetched {len(found)} times, not {bound} {count}:\n" + "\n".join(map(str, found))


@then(r"the requests for (?P<artifact>the .+) were at least (?P<seconds>\d+) s apart")
def time_between(context: Context, artifact: str, seconds: str) -> None:
    found = context.world.runs.requests(**context.world.fixtures.artifact(artifact).request_filter)
    gaps = [after.started - before.started for before, after in itertools.pairwise(found)]
    assert gaps, f"{artifact} was fetched {len(found)} times"
    assert min(gaps) >= int(seconds), f"between the requests for {artifact} there were {gaps} s"


use_step_matcher("parse")


@then("the transparency log was asked for")
def the_log_was_asked(context: Context) -> None:
    for kind, image in pairs(context.table):
        entries = context.world.fixtures.log_entries(kind, image)
        assert not entries.isdisjoint(context.world.runs.looked_up_entries()), (
            f"the log wasn't asked for the {kind} of {image}"
        )


@then("the git server received no request")
def the_git_server_was_not_asked(context: Context) -> None:
    asked = context.world.servers.git.request_log.requests
    assert not asked, f"the git server was asked {len(asked)} times:\n" + "\n".join(map(str, asked))


@then("the transparency log received no request")
def the_log_was_not_asked(context: Context) -> None:
    asked = context.world.servers.rekor.request_log.requests
    assert not asked, f"the transparency log was asked {len(asked)} times"


@then('one fetch asked for the git repository "{name}"')
def fetched_once(context: Context, name: str) -> None:
    asked = context.world.servers.git.request_log.matching("GET", rf"/git/{name}(\.git)?/info/refs")
    assert len(asked) == 1, f"the repository {name} was asked for {len(asked)} times"


@then('the git repository "{name}" was fetched')
def the_repository_was_fetched(context: Context, name: str) -> None:
    path = rf"/git/{name}(\.git)?/git-upload-pack"
    assert context.world.servers.git.request_log.matching("POST", path), f"nothing of the repository {name} was fetched"


@then('the cluster was asked for the policy configuration "{name}"')
def the_cluster_was_asked(context: Context, name: str) -> None:
    path = rf"/apis/[^/]+/[^/]+/namespaces/[^/]+/enterprisecontractpolicies/{name}"
    assert context.world.servers.cluster.request_log.matching("GET", path), f"the cluster wasn't asked for {name}"


@then('the cluster was asked for the secret "{name}"')
def the_cluster_was_asked_for_a_secret(context: Context, name: str) -> None:
    path = rf"/api/v1/namespaces/[^/]+/secrets/{name}"
    assert context.world.servers.cluster.request_log.matching("GET", path), f"the cluster wasn't asked for {name}"


@then("the cluster wasn't asked for anything")
def cluster_was_not_asked(context: Context) -> None:
    asked = context.world.servers.cluster.request_log.requests
    assert not asked, "the cluster was asked for\n" + "\n".join(map(str, asked))


def _layer_fetches(context: Context) -> dict[str, int]:
    """How often each layer of the scenario's images was fetched in the newest run, by the layer's name."""
    asked = [one.reference for one in context.world.runs.requests(method="GET", kind="blob")]
    return {name: asked.count(digest) for name, digest in context.world.fixtures.layers.items()}


@then("each answered request carried credentials")
def each_brought_credentials(context: Context) -> None:
    served = [one for one in context.world.runs.requests() if one.kind in {"manifest", "blob"} and one.status == 200]
    assert served, "the registry served nothing"
    missing = [one for one in served if "Authorization" not in one.headers]
    assert not missing, "served without credentials:\n" + "\n".join(map(str, missing))
