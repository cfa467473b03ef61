"""Images with forged claims, damaged or substituted layers, or layers of other forms."""

from __future__ import annotations

from typing import cast, get_args

from behave import given, then, use_step_matcher, when

from ec_acceptance.testbed.expect.outcome import expect_cause, expect_success, reported_causes
from ec_acceptance.testbed.fixtures import malformed_images
from ec_acceptance.testbed.fixtures.bundles import READERS, Reader, add_unshared, describe_files
from ec_acceptance.testbed.fixtures.collection import component
from ec_acceptance.testbed.fixtures.images import Compression
from ec_acceptance.testbed.gate.faults import Artifact
from ec_acceptance.testbed.gate.log import Exchange
from ec_acceptance.testbed.gate.rules import Hold
from ec_acceptance.testbed.scenario.behave_context import Context


@given("{count:d} images that share a layer in {form} with a {algorithm} digest, read through {reader}")
def images_of_a_form(context: Context, count: int, form: str, algorithm: str, reader: str) -> None:
    compression = {"gzip": "gzip", "zstd": "zstd", "no compression": "none"}[form]
    assert compression in get_args(Compression)
    malformed_images.add_of_form(
        context.world.fixtures, count, READERS[reader], cast("Compression", compression), algorithm
    )
    context.world.judge_files(READERS[reader])


@given("1 image that shares a layer of {size:d} MiB, read through {reader}")
def an_image_that_shares_much(context: Context, size: int, reader: str) -> None:
    context.world.fixtures.add_bundles("acceptance/bundle-1", 1, size << 20, labelled=READERS[reader].labelled)
    context.world.judge_files(READERS[reader])


@given('an image "{name}" with a layer of {size:d} MiB')
def a_large_image(context: Context, name: str, size: int) -> None:
    malformed_images.add_large(
        context.world.fixtures, f"acceptance/{name}", size << 20, context.world.file_policies.reader
    )
    context.world.fixtures.sign_all("known")


@given("{count:d} images that share nothing, read through {reader}")
def images_apart(context: Context, count: int, reader: str) -> None:
    for number in range(1, count + 1):
        add_unshared(context.world.fixtures, f"acceptance/bundle-{number}", READERS[reader])
    context.world.judge_files(READERS[reader])


@given("{count:d} images whose files nothing reads")
def images_unread(context: Context, count: int) -> None:
    context.world.fixtures.add_bundles("acceptance/bundle-1", count, 1 << 20, labelled=False)
    context.world.judge_files(Reader("nothing", "happy_day.rego", labelled=False, early=False))


@given('an image "{name}" that claims the diffID of {artifact}')
def a_claiming_image(context: Context, name: str, artifact: str) -> None:
    world = context.world
    diff_id = context.world.fixtures.layer(artifact).diff_id
    malformed_images.add_claiming(world.fixtures, f"acceptance/{name}", diff_id, context.world.file_policies.reader)
    world.fixtures.sign_all("known")


@given('an image "{name}" that claims a diffID of "{text}", read through {reader}')
def an_escaping_image(context: Context, name: str, text: str, reader: str) -> None:
    malformed_images.add_claiming(context.world.fixtures, f"acceptance/{name}", text, READERS[reader])
    context.world.judge_files(READERS[reader])


@given("2 images with one archive compressed in two ways, read through {reader}")
def images_packed_twice(context: Context, reader: str) -> None:
    malformed_images.add_packed_twice(context.world.fixtures, READERS[reader])
    context.world.judge_files(READERS[reader])


@given('an image "substitute" with another layer of the same size')
def an_substitute(context: Context) -> None:
    malformed_images.add_substitute(context.world.fixtures)


@given('an image "{name}" with a layer that {how}, read through {reader}')
def an_unreadable_image(context: Context, name: str, how: str, reader: str) -> None:
    malformed_images.add_unreadable(context.world.fixtures, f"acceptance/{name}", how, READERS[reader])
    context.world.judge_files(READERS[reader])


@given('an image "{name}" with a file of {size:d} MiB, read through {reader}')
def an_image_with_a_large_file(context: Context, name: str, size: int, reader: str) -> None:
    malformed_images.add_large_file(context.world.fixtures, f"acceptance/{name}", size << 20, READERS[reader])
    context.world.judge_files(READERS[reader])


@given('an image "{name}" whose layer has the digest "{digest}", read through {reader}')
def an_unstorable_image(context: Context, name: str, digest: str, reader: str) -> None:
    world = context.world
    malformed_images.serve_unstorable(world.fixtures, world.servers.gate, f"acceptance/{name}", digest, READERS[reader])
    world.judge_files(READERS[reader])


@given('an image "{name}" whose layer has its digest of {algorithm}, read through {reader}')
def an_image_of_an_algorithm(context: Context, name: str, algorithm: str, reader: str) -> None:
    """`LAYER_DIGEST` is the digest then."""
    world = context.world
    digest = malformed_images.serve_of_algorithm(
        world.fixtures, world.servers.gate, f"acceptance/{name}", algorithm, READERS[reader]
    )
    world.variables["LAYER_DIGEST"] = digest
    world.judge_files(READERS[reader])


@given('an image "{name}" whose layer is at a URL {place}, read through {reader}')
def an_image_with_urls(context: Context, name: str, place: str, reader: str) -> None:
    """Its descriptor says so; what is there is seen as a request for the repository `acceptance/elsewhere`."""
    world = context.world
    also = {"and at the registry": True, "and not at the registry": False}[place]
    elsewhere = "acceptance/elsewhere"
    prefix = f"{world.servers.gate.url}/v2/{elsewhere}/blobs/"
    layer = malformed_images.add_elsewhere(world.fixtures, f"acceptance/{name}", prefix, READERS[reader])
    for repository in (elsewhere, *([f"acceptance/{name}"] if also else ())):
        world.servers.gate.repository(repository).put_blob(layer.data)
    world.judge_files(READERS[reader])


@then("the URL was not requested")
def the_url_was_not_asked_for(context: Context) -> None:
    asked = context.world.runs.requests(repository="acceptance/elsewhere")
    assert not asked, "the descriptor's URL was followed:\n" + "\n".join(map(str, asked))


@given("every layer is held at the start")
def every_layer_is_held(context: Context) -> None:
    fixtures = context.world.fixtures
    for title in fixtures.layers:
        layer = fixtures.layer(title)
        artifact = Artifact(f"the {title}", "blob", layer.digest, layer.data, layer.boundaries)
        context.world.injector.add(artifact, Hold(0), None)


@when("a layer is held, and no request is in flight")
def a_layer_is_held(context: Context) -> None:
    """A slow machine may be idle for longer than a pause before the first layer is asked for."""
    context.world.injector.wait_for(lambda: bool(_held_layers(context)), "a hold of a layer")
    context.world.wait_until_idle()


def _held_layers(context: Context) -> list[Exchange]:
    digests = set(context.world.fixtures.layers.values())
    return [one for one in context.world.servers.gate.held() if one.reference in digests]


@then("at most {count:d} layers are being fetched")
def few_layers_under_way(context: Context, count: int) -> None:
    held = _held_layers(context)
    assert held, "no layer is asked for any more"
    assert len(held) <= count, f"{len(held)} layers are under way, more than {count}:\n" + "\n".join(map(str, held))


@then('"{image}" fails, and the cause names "{text}"')
def fails_with_a_cause(context: Context, image: str, text: str) -> None:
    last, text = context.world.runs.last, context.world.text(text)
    found = reported_causes(last)
    assert last.status == 1, f"the exit status is {last.status}, not 1:\n{last.describe()}"
    assert any(text in cause for cause in found.get(image, ())), f"no cause names {text!r}: {found}\n{last.describe()}"


@then('"{image}" is validated by its own files, or fails with a cause')
def judged_or_refused(context: Context, image: str) -> None:
    """What is unusual about an image may be ignored, or be an error of its component."""
    last = context.world.runs.last
    if image in reported_causes(last):
        assert last.status == 1, f"the exit status is {last.status}, not 1:\n{last.describe()}"
    else:
        expect_success(last, context.world.file_policies.expected_messages())


@then("no policy saw other files than those of its image")
def no_policy_saw_other_files(context: Context) -> None:
    """What policies see is seen as a request of the policy `witness` (features/examples)."""
    world = context.world
    for name, files in world.fixtures.files.items():
        right = f"seen-{describe_files(files).rpartition(' ')[2][:12]}"
        asked = world.runs.requests(repository=name, kind="manifest")
        wrong = [one for one in asked if one.reference.startswith("seen-") and one.reference != right]
        assert not wrong, f"a policy judged {name} by other files than its own: {', '.join(map(str, wrong))}"


use_step_matcher("re")


@then(r"every bundle fails because of (?P<cause>.+?) of (?P<artifact>the .+)")
def every_bundle_fails(context: Context, cause: str, artifact: str) -> None:
    """All images named `bundle-…`, and no others."""
    fixtures = context.world.fixtures
    bundles = [name for name in map(component, fixtures.images) if name.startswith("bundle-")]
    expect_cause(context.world.runs.last, bundles, cause, fixtures.artifact(artifact).digest)
