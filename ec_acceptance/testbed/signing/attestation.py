"""In-toto statements: SLSA provenance 0.2 and 1.0, or any predicate.

Source: specification 30 §4, specification 20 §8; in-toto attestation specification.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "SLSA_V02",
    "SLSA_V1",
    "STATEMENT_V01",
    "STATEMENT_V1",
    "provenance_v02",
    "provenance_v1",
    "statement",
    "subject",
]

STATEMENT_V01 = "https://in-toto.io/Statement/v0.1"
STATEMENT_V1 = "https://in-toto.io/Statement/v1"
SLSA_V02 = "https://slsa.dev/provenance/v0.2"
SLSA_V1 = "https://slsa.dev/provenance/v1"

_BUILDER = "https://tekton.dev/chains/v2"
_STARTED, _FINISHED = "2024-01-01T10:00:00Z", "2024-01-01T10:05:00Z"
_SOURCE = "git+https://github.com/acceptance/source.git"
_REVISION = "b2c5a1f0c6a4f2f1c4dfe5b2a2a64e8d3f1b7c09"
_TASK = "oci://quay.io/acceptance/tasks/build"
_TASK_DIGEST = "4b8d3a0c3b2f5dd1c5f6f0c4e9b7a8d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6"


def subject(digest: str, name: str) -> dict[str, Any]:
    """A subject: the image of this digest (`algorithm:hex`) under this name."""
    algorithm, _, value = digest.partition(":")
    return {"name": name, "digest": {algorithm: value}}


def statement(
    predicate_type: str,
    predicate: Mapping[str, Any] | None,
    subjects: Sequence[Mapping[str, Any]],
    *,
    statement_type: str | None = None,
) -> bytes:
    """The statement as JSON.

    Args:
        predicate_type: any text.
        predicate: None leaves it out.
        subjects: what it is about; another image's digest makes it no statement about this one.
        statement_type: `_type`; the one that belongs to the predicate type by default.
    """
    usual = STATEMENT_V1 if predicate_type == SLSA_V1 else STATEMENT_V01
    document: dict[str, Any] = {
        "_type": usual if statement_type is None else statement_type,
        "predicateType": predicate_type,
        "subject": list(subjects),
    }
    if predicate is not None:
        document["predicate"] = predicate
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def provenance_v02(*, name: str, digest: str) -> dict[str, Any]:
    """The predicate of a Tekton pipeline run that built this image, in SLSA 0.2's words."""
    return {
        "builder": {"id": _BUILDER},
        "buildType": "https://tekton.dev/attestations/chains/pipelinerun@v2",
        "invocation": {
            "configSource": {},
            "parameters": {"git-url": _SOURCE.removeprefix("git+"), "output-image": name, "revision": _REVISION},
            "environment": {"labels": {"tekton.dev/pipeline": "build"}},
        },
        "buildConfig": {
            "tasks": [
                {
                    "name": "build",
                    "ref": {"name": "build", "kind": "Task", "bundle": f"{_TASK.removeprefix('oci://')}:0.1"},
                    "startedOn": _STARTED,
                    "finishedOn": _FINISHED,
                    "status": "Succeeded",
                    "invocation": {"parameters": {"IMAGE": name}, "environment": {}},
                    "results": [
                        {"name": "IMAGE_DIGEST", "type": "string", "value": digest},
                        {"name": "IMAGE_URL", "type": "string", "value": name},
                    ],
                }
            ]
        },
        "metadata": {
            "buildInvocationID": "acceptance/build-1",
            "buildStartedOn": _STARTED,
            "buildFinishedOn": _FINISHED,
            "completeness": {"parameters": False, "environment": False, "materials": False},
            "reproducible": False,
        },
        "materials": [
            {"uri": _TASK, "digest": {"sha256": _TASK_DIGEST}},
            {"uri": _SOURCE, "digest": {"sha1": _REVISION}},
        ],
    }


def provenance_v1(*, name: str, digest: str) -> dict[str, Any]:
    """The predicate of the same pipeline run in SLSA 1.0's words."""
    return {
        "buildDefinition": {
            "buildType": "https://tekton.dev/chains/v2/slsa",
            "externalParameters": {
                "runSpec": {
                    "pipelineRef": {"name": "build"},
                    "params": [{"name": "git-url", "value": _SOURCE.removeprefix("git+")}],
                }
            },
            "internalParameters": {"labels": {"tekton.dev/pipeline": "build"}},
            "resolvedDependencies": [
                {"uri": _TASK, "digest": {"sha256": _TASK_DIGEST}, "name": "pipelineTask"},
                {"uri": _SOURCE, "digest": {"sha1": _REVISION}, "name": "inputs/result"},
            ],
        },
        "runDetails": {
            "builder": {"id": _BUILDER},
            "metadata": {"invocationID": "acceptance/build-1", "startedOn": _STARTED, "finishedOn": _FINISHED},
            "byproducts": [subject(digest, name)],
        },
    }
