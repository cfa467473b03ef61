"""The commands and their flags, as data (specification 10 §1.1)."""

from __future__ import annotations

from refimpl.command_line.flags import Command, Flag

DEFAULT_MIRROR = "https://tuf-repo-cdn.sigstore.dev"
"""The public TUF mirror of Sigstore's."""


def _help(path: str) -> Flag:
    return Flag("help", "bool", f"show the help of {path}", short="h")


GLOBAL_FLAGS = (
    Flag("debug", "bool", "log at debug level, with function names and line numbers"),
    Flag("kubeconfig", "string", "Kubernetes client configuration file"),
    Flag("logfile", "string", "append the log to this file instead of writing it to standard error"),
    Flag("quiet", "bool", "log errors only"),
    Flag(
        "retry-duration",
        "duration",
        "first pause between two attempts of a registry request",
        default=1.0,
        default_text="1s",
    ),
    Flag(
        "retry-factor", "float", "by how much each pause is longer than the one before", default=2.0, default_text="2"
    ),
    Flag("retry-jitter", "float", "random part of each pause, 0.0 to 1.0", default=0.1, default_text="0.1"),
    Flag("retry-max-retry", "int", "how often a registry request is repeated", default=3, default_text="3"),
    Flag("retry-max-wait", "duration", "longest pause between two attempts", default=3.0, default_text="3s"),
    Flag("timeout", "duration", "longest time that the whole command may take", default=300.0, default_text="5m0s"),
    Flag(
        "trace",
        "string",
        "comma separated kinds of tracing: none, all, perf, cpu, mem, opa, log",
        default="none",
        bare="log",
        default_text='"none"',
    ),
    Flag("verbose", "bool", "log at debug level"),
)

_DOCS_LINK = Flag("show-policy-docs-link", "bool", "end the text output with a link to the documentation of policies")
_WARNINGS = Flag("show-warnings", "bool", "list the warnings in the text output", default=True, default_text="true")
_VALIDATE_FLAGS = (_DOCS_LINK, Flag("show-successes", "bool", "list the successes too"), _WARNINGS)

# of several commands
_POLICY = Flag(
    "policy",
    "string",
    "policy configuration: a file (policy.yaml), inline JSON or YAML, a git or https URL,\n"
    "or an object in the cluster, [<namespace>/]<name>",
    short="p",
)
_ALLOW_PAST = Flag("allow-past-effective-time", "bool", "let --effective-time be in the past")
_STRICT = Flag(
    "strict",
    "bool",
    "exit with status 1 if the report is unsuccessful",
    short="s",
    default=True,
    default_text="true",
)
_INFO = Flag("info", "bool", "keep titles, descriptions and solutions in the results")
_COLORS = (
    Flag("color", "bool", "colours in the text output, terminal or not"),
    Flag("no-color", "bool", "no colours in the text output"),
)

_IMAGE_OUTPUT = Flag(
    "output",
    "list",
    "format[=path][?options]; repeatable. Formats: json, yaml, text, appstudio, summary,\n"
    "summary-markdown, junit, attestation, policy-input, vsa, sarif, ndjson. No path: standard output.\n"
    "Options: show-successes, show-warnings, show-policy-docs-link; of ndjson: ordered, documents",
)

_VALIDATE_IMAGE_FLAGS = (
    _help("validate image"),
    # what to validate
    Flag("image", "string", "one image reference", short="i"),
    Flag(
        "images",
        "string",
        "snapshot of images: path of a YAML or JSON file, or the text itself; or a list of images, read while they\n"
        "are judged: a file of references or of NDJSON, - for standard input",
    ),
    Flag("file-path", "string", "deprecated, use --images: path of a snapshot file", short="f"),
    Flag("json-input", "string", "deprecated, use --images: text of a snapshot", short="j"),
    Flag("snapshot", "string", "Snapshot object in the cluster, [<namespace>/]<name>"),
    # the policy
    _POLICY,
    Flag("public-key", "string", "public key; replaces the policy's publicKey", short="k"),
    Flag("rekor-url", "string", "transparency log; replaces the policy's rekorUrl", short="r"),
    Flag("ignore-rekor", "bool", "don't check the transparency log"),
    Flag("skip-image-sig-check", "bool", "don't check the signature of the image"),
    Flag("skip-att-sig-check", "bool", "don't check the signatures of the attestations"),
    Flag("certificate-identity", "string", "keyless: the subject that the certificate must name"),
    Flag("certificate-identity-regexp", "string", "keyless: regular expression for the subject"),
    Flag("certificate-oidc-issuer", "string", "keyless: the issuer that the certificate must name"),
    Flag("certificate-oidc-issuer-regexp", "string", "keyless: regular expression for the issuer"),
    Flag(
        "effective-time",
        "string",
        'time at which rules are judged: "now", "attestation", an RFC 3339 time or a date',
        default="now",
        default_text='"now"',
    ),
    _ALLOW_PAST,
    Flag("extra-rule-data", "list", "further rule data, key=value; repeatable"),
    Flag(
        "filter-type",
        "string",
        "how results are filtered: include-exclude or ec-policy",
        default="include-exclude",
        default_text='"include-exclude"',
    ),
    # the report
    _STRICT,
    _INFO,
    _IMAGE_OUTPUT,
    Flag("output-file", "string", "deprecated, use --output json=<path>", short="o"),
    *_COLORS,
    Flag("workers", "int", "images validated at the same time, less one", default=5, default_text="5", natural=True),
    Flag(
        "processes",
        "int",
        "processes that judge images; auto: as many as there are cores for many images, else one",
        default_text="auto",
        automatic=True,
    ),
    Flag(
        "engine",
        "string",
        "what judges images: processes of this machine, or a Dask cluster",
        default="processes",
        default_text='"processes"',
        choices=("processes", "dask"),
    ),
    Flag(
        "scheduler",
        "string",
        "address of the cluster's scheduler, such as tls://host:8786; without it the cluster is made here",
    ),
    Flag(
        "registry-requests",
        "float",
        "requests a second to each registry, by all processes; 0: any number",
        natural=True,
    ),
    Flag("registry-bytes", "int", "bytes a second from each registry, likewise; 0: any number", natural=True),
    Flag("shard", "shard", "i/n: judge the i-th of n parts of the images; merge puts the results together"),
    Flag("resume", "string", "results of an earlier run (ndjson): what is in them isn't judged again"),
    # verification summaries
    Flag("vsa", "bool", "write a verification summary attestation for each image"),
    Flag("attestation-format", "string", "of a summary: dsse or predicate", default="dsse", default_text='"dsse"'),
    Flag("vsa-signing-key", "string", "private key for summaries: path or k8s://<namespace>/<secret>[/<field>]"),
    Flag("vsa-public-key", "string", "public key for existing summaries"),
    Flag("vsa-upload", "list", "where summaries go: rekor@<url> or local@<directory>; repeatable"),
    Flag(
        "vsa-expiration",
        "duration",
        "age up to which an existing summary replaces a validation",
        default=604800.0,
        default_text="168h0m0s",
    ),
    Flag("attestation-output-dir", "string", "directory for summaries, below /tmp or the working directory"),
)

VALIDATE_IMAGE = Command(
    "ec-ref validate image",
    "Decide whether container images conform to a policy",
    details="Decide whether container images conform to a policy.\n\n"
    "Each image's signature and attestations are verified first; then the policy's rules judge what they say.\n"
    "The report goes to standard output, or where --output says.\n\n"
    "  ec-ref validate image --image registry/name:tag --policy policy.yaml --public-key key.pub\n"
    "  ec-ref validate image --images snapshot.yaml --policy namespace/name --output json=report.json",
    local=_VALIDATE_IMAGE_FLAGS,
    inherited=_VALIDATE_FLAGS + GLOBAL_FLAGS,
)

_VALIDATE_INPUT_FLAGS = (
    _help("validate input"),
    Flag("file", "list", "deprecated, name the files as arguments; repeatable", short="f"),
    _POLICY,
    Flag(
        "effective-time",
        "string",
        'time at which rules are judged: "now", an RFC 3339 time or a date',
        default="now",
        default_text='"now"',
    ),
    _ALLOW_PAST,
    _STRICT,
    _INFO,
    Flag(
        "output",
        "list",
        "format[=path][?options]; repeatable. Formats: json, yaml, text, summary, sarif. No path: standard output.\n"
        "Options: show-successes, show-warnings, show-policy-docs-link",
        short="o",
    ),
    *_COLORS,
    Flag("workers", "int", "files validated at the same time, less one", default=5, default_text="5", natural=True),
    Flag(
        "server",
        "bool",
        "answer requests over HTTP until SIGTERM, in place of judging files; policies are loaded once.\n"
        "There is no authentication: leave that to a proxy",
    ),
    Flag(
        "server-address",
        "string",
        "address to listen on; 0.0.0.0 for all",
        default="127.0.0.1",
        default_text='"127.0.0.1"',
    ),
    Flag("server-port", "int", "port to listen on; 0 for any that is free", default=8080, default_text="8080"),
)

VALIDATE_INPUT = Command(
    "ec-ref validate input",
    "Decide whether JSON or YAML files conform to a policy",
    details="Decide whether JSON or YAML files conform to a policy.\n\n"
    "What a file holds is the `input` of the policy's rules; of a directory all files are judged together.\n"
    "The report goes to standard output, or where --output says.\n\n"
    "With --server, what is sent to POST /v1/validate/input is judged, and GET /live and /ready tell of the server.\n\n"
    "  ec-ref validate input file.json --policy policy.yaml\n"
    "  ec-ref validate input --server --server-port 8080 --policy policy.yaml\n"
    '  ec-ref validate input one.yaml two.yaml --policy \'{"sources": [{"policy": ["./rules"]}]}\'',
    local=_VALIDATE_INPUT_FLAGS,
    inherited=_VALIDATE_FLAGS + GLOBAL_FLAGS,
    takes_arguments=True,
)

_VALIDATE_VSA_FLAGS = (
    _help("validate vsa"),
    Flag("vsa", "string", "a digest, image or file, like the argument", short="v"),
    Flag("images", "string", "snapshot of images: path of a YAML or JSON file, or the text itself"),
    Flag(
        "policy",
        "string",
        "policy configuration that the VSA's is compared with: a file (policy.yaml), inline JSON or YAML, a git or\n"
        "https URL, or an object in the cluster, [<namespace>/]<name>",
        short="p",
    ),
    Flag("vsa-retrieval", "list", "where VSAs are: rekor@<url>; repeatable"),
    Flag(
        "effective-time",
        "string",
        'time at which policies are compared: "now", an RFC 3339 time or a date',
        default="now",
        default_text='"now"',
    ),
    Flag(
        "vsa-expiration",
        "string",
        "how old a VSA may be (24h, 7d, 1w, 1mo)",
        default="168h",
        default_text='"168h"',
    ),
    Flag("vsa-public-key", "string", "public key that VSAs are signed by"),
    Flag("ignore-signature-verification", "bool", "don't verify the signatures of VSAs"),
    Flag("no-fallback", "bool", "don't validate an image whose VSA doesn't count"),
    Flag("fallback-public-key", "string", "public key that such images are signed by"),
    Flag(
        "output",
        "list",
        "format[=path]; repeatable. Formats: json, yaml, text, status. No path: standard output",
    ),
    Flag("strict", "bool", "exit with status 1 if a component fails", default=True, default_text="true"),
    *_COLORS,
    Flag("workers", "int", "VSAs looked for at the same time", default=5, default_text="5", natural=True),
)

VALIDATE_VSA = Command(
    "ec-ref validate vsa",
    "Decide whether images have verification summaries (VSA) that count",
    details="Decide whether images have verification summary attestations (VSA) that count.\n\n"
    "A VSA counts if it is signed, about the image, young, passed and by the same policy. An image without one is\n"
    "validated itself, unless --no-fallback.\n\n"
    "  ec-ref validate vsa registry/name@sha256:… --policy policy.yaml --vsa-public-key vsa.pub \\\n"
    "    --fallback-public-key key.pub --vsa-retrieval rekor@https://rekor.example.org\n"
    "  ec-ref validate vsa ./vsa.json --policy policy.yaml --vsa-public-key vsa.pub --no-fallback",
    local=_VALIDATE_VSA_FLAGS,
    inherited=_VALIDATE_FLAGS + GLOBAL_FLAGS,
    takes_arguments=True,
)

VALIDATE = Command(
    "ec-ref validate",
    "Decide whether something conforms to a policy",
    local=(_help("validate"), *_VALIDATE_FLAGS),
    inherited=GLOBAL_FLAGS,
    children=(VALIDATE_IMAGE, VALIDATE_INPUT, VALIDATE_VSA),
)

_SOURCE = Flag("source", "array", "where rules are, as in a policy configuration; repeatable", short="s")
_DEST = Flag("dest", "string", "keep the sources in this directory", short="d")

INSPECT_POLICY = Command(
    "ec-ref inspect policy",
    "List the rules of policy sources",
    details="List the rules of policy sources, and what their annotations tell.\n\n"
    "Of rules, packages and collections that are named, all are listed.\n\n"
    "  ec-ref inspect policy --source ./rules\n"
    "  ec-ref inspect policy --source git::https://host/repository//rules --output json",
    local=(
        _help("inspect policy"),
        _SOURCE,
        Flag("policy", "string", "inline policy configuration, or an object in the cluster", short="p"),
        _DEST,
        Flag("output", "string", "json, text, names, short-names", short="o", default="text", default_text='"text"'),
        Flag("rule", "string", "rules with this code, or short name"),
        Flag("package", "string", "rules of this package"),
        Flag("collection", "string", "rules of this collection"),
    ),
    inherited=GLOBAL_FLAGS,
)

INSPECT_POLICY_DATA = Command(
    "ec-ref inspect policy-data",
    "Show the data of data sources",
    details="Show what the JSON and YAML files of data sources hold, taken together.\n\n"
    "  ec-ref inspect policy-data --source ./data --output yaml",
    local=(
        _help("inspect policy-data"),
        _SOURCE,
        _DEST,
        Flag("output", "string", "json, yaml", short="o", default="json", default_text='"json"'),
    ),
    inherited=GLOBAL_FLAGS,
)

MERGE = Command(
    "ec-ref merge",
    "Put the results of shards together",
    details="Put the results of all shards of a run together: reports and exit status are those of a run without\n"
    "shards. What no run has ended, a missing shard or one that is there twice is an error.\n\n"
    "  ec-ref merge one.ndjson two.ndjson three.ndjson --output json=report.json",
    local=(_help("merge"), _STRICT, _IMAGE_OUTPUT, *_COLORS, _DOCS_LINK, _WARNINGS),
    inherited=GLOBAL_FLAGS,
    takes_arguments=True,
)

INSPECT = Command(
    "ec-ref inspect",
    "Show what policies are made of",
    local=(_help("inspect"),),
    inherited=GLOBAL_FLAGS,
    children=(INSPECT_POLICY, INSPECT_POLICY_DATA),
)

SIGSTORE_INITIALIZE = Command(
    "ec-ref sigstore initialize",
    "Fetch the roots of trust for keyless signatures",
    details="Fetch the roots of trust for keyless signatures from a TUF mirror.\n\n"
    "Later validations ask the same mirror. What was seen of it is kept in $TUF_ROOT, or $HOME/.sigstore/root.\n\n"
    "  ec-ref sigstore initialize --mirror https://tuf.example.com --root root.json",
    local=(
        _help("sigstore initialize"),
        Flag(
            "mirror",
            "string",
            "URL of the TUF mirror, or file:///<folder>",
            default=DEFAULT_MIRROR,
            default_text=f'"{DEFAULT_MIRROR}"',
        ),
        Flag("root", "string", "TUF root to start from: a file or an https URL"),
        Flag("root-checksum", "string", "SHA-256 of the root in hexadecimal, or sha512:<hexadecimal>"),
    ),
    inherited=GLOBAL_FLAGS,
)

SIGSTORE = Command(
    "ec-ref sigstore",
    "Prepare the verification of keyless signatures",
    local=(_help("sigstore"),),
    inherited=GLOBAL_FLAGS,
    children=(SIGSTORE_INITIALIZE,),
)

SCHEMA = Command(
    "ec-ref schema",
    "Show the JSON Schemas of what is printed as JSON",
    details="List the JSON Schemas of what is printed as JSON, or show the one that is named.\n\n"
    "  ec-ref schema\n"
    "  ec-ref schema validate-image",
    local=(_help("schema"),),
    inherited=GLOBAL_FLAGS,
    takes_arguments=True,
)

VERSION = Command(
    "ec-ref version",
    "Print the version, and those of the parts that decide",
    local=(
        _help("version"),
        Flag("json", "bool", "as JSON", short="j"),
        Flag("short", "bool", "the version only", short="s"),
    ),
    inherited=GLOBAL_FLAGS,
)

ROOT = Command(
    "ec-ref",
    "Decide whether container images may ship",
    details="The reference validator of ec-acceptance: decides whether container images may ship.",
    local=(_help("ec-ref"), Flag("version", "bool", "print the version", short="v"), *GLOBAL_FLAGS),
    children=(INSPECT, MERGE, SCHEMA, SIGSTORE, VALIDATE, VERSION),
)
