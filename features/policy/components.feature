Feature: Which images are validated, and under which names

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And a conforming image "acceptance/base"
    And a folder "rules" with
      | main.rego | policy/named.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"

  @component-01
  Scenario: inputs are merged in a fixed order, and components with names come first
    Given a file "images.yaml" with
      """
      application: first
      displayName: ""
      components:
        - {name: base, containerImage: "${REGISTRY}/acceptance/base:latest"}
      """
    And snapshot named "release" with specification
      """
      {"application": "last", "displayName": "Taken from the last", "components": [{"name": "never", "containerImage": "${REGISTRY}/acceptance/base:latest"}]}
      """
    When "validate image" is run with
      | --snapshot   | release                                                                            |
      | --image      | ${REGISTRY}/acceptance/app                                                         |
      | --json-input | {"components": [{"name": "json", "containerImage": "${REGISTRY}/acceptance/app"}]} |
      | --images     | images.yaml                                                                        |
      | --file-path  | images.yaml                                                                        |
    Then the violations are: none
    And the components in the report are
      | base | ${REGISTRY}/acceptance/base@${base_DIGEST} |
      | json | ${REGISTRY}/acceptance/app@${app_DIGEST}   |
    And the output should match the snapshot

  @component-02
  Scenario: an image given twice is one component: it takes a missing name from the later one, and keeps its source
    Given a file "images.yaml" with
      """
      components:
        - name: ""
          containerImage: ${REGISTRY}/acceptance/app
          source: {git: {url: "https://example.com/first.git", revision: main}}
        - {name: base, containerImage: "${REGISTRY}/acceptance/base"}
        - {name: again, containerImage: "${REGISTRY}/acceptance/base"}
      """
    When "validate image" is run with
      | --images     | images.yaml                                                                                                                      |
      | --json-input | components: [{name: late, containerImage: "${REGISTRY}/acceptance/app", source: {git: {url: "https://example.com/second.git"}}}] |
    Then the components in the report are
      | base | ${REGISTRY}/acceptance/base@${base_DIGEST} |
      | late | ${REGISTRY}/acceptance/app@${app_DIGEST}   |
    And the output should match the snapshot

  @component-03
  Scenario: equal images with different references stay separate
    Given "acceptance/app" is also tagged "v1"
    And a file "images.yaml" with
      """
      components:
        - {name: tag, containerImage: "${REGISTRY}/acceptance/app:v1"}
        - {name: both, containerImage: "${REGISTRY}/acceptance/app:v1@${app_DIGEST}"}
      """
    When "validate image" is run with
      | --images | images.yaml  |
      | --output | policy-input |
    Then the lines of the output should match the snapshot

  @component-04
  Scenario: keys in any case, values of any type, unknown members
    Given a file "images.yaml" with
      """
      Application: 2.50
      COMPONENTS:
        - NAME: 010
          containerimage: ${REGISTRY}/acceptance/app
          unknown: member
          Source: {GIT: {URL: "https://example.com/", Revision: "5", dockerfileUrl: "", colour: red}}
      """
    When "validate image" is run with
      | --images | images.yaml |
    Then the components in the report are
      | 8 | ${REGISTRY}/acceptance/app@${app_DIGEST} |
    And the output should match the snapshot

  @component-05
  Scenario: a Snapshot as the cluster prints it
    Given a file "snapshot.json" with
      """
      {"apiVersion": "appstudio.redhat.com/v1alpha1", "kind": "Snapshot", "components": [],
       "spec": {"application": "inner", "displayDescription": "from spec", "components": [{"name": "app", "containerImage": "${REGISTRY}/acceptance/app"}]}}
      """
    When "validate image" is run with
      | --file-path | snapshot.json |
      | --output    | policy-input  |
    Then the lines of the output should match the snapshot

  @component-06
  Scenario: no components at all
    When "validate image" is run with
      | --json-input | components: [] |
    Then the exit status should be 0
    And the output should match the snapshot
    And the registry received no request

  @component-<id>
  Scenario Outline: a Snapshot in the cluster, named <how>
    Given snapshot named "release" with specification
      """
      {"application": "clustered", "components": [{
        "name": "app", "containerImage": "${REGISTRY}/acceptance/app",
        "source": {"git": {"url": "https://example.com/app.git", "context": "./"}}
      }]}
      """
    When "validate image" is run with
      | --snapshot | <name> |
    Then the components in the report are
      | app | ${REGISTRY}/acceptance/app@${app_DIGEST} |
    And the output should match the snapshot

    Examples:
      | id | how                      | name               |
      | 08 | with its namespace       | acceptance/release |
      | 09 | in the current namespace | release            |

  @component-10
  Scenario: no such Snapshot in the cluster
    Given there is a cluster
    When "validate image" is run with
      | --snapshot | absent |
    Then the validation fails with the error
      """
      snapshots.appstudio.redhat.com "absent" not found
      """
    And the registry received no request

  @component-11
  Scenario: an image index is validated itself, and so is each of its images
    Given an image "acceptance/multi" for the architectures "amd64, , arm64", all conforming
    And a file "images.yaml" with
      """
      components:
        - name: multi
          containerImage: ${REGISTRY}/acceptance/multi:latest
          source: {git: {url: "https://example.com/multi.git"}}
        - {name: app, containerImage: "${REGISTRY}/acceptance/app"}
      """
    When "validate image" is run with
      | --images | images.yaml |
    Then the violations are: none
    And the warnings are
      | component                                | code       | term                                     |
      | app                                      | named.seen | app                                      |
      | multi                                    | named.seen | multi                                    |
      | multi-${multi-amd64_DIGEST}-amd64        | named.seen | multi-${multi-amd64_DIGEST}-amd64        |
      | multi-${multi-arm64_DIGEST}-arm64        | named.seen | multi-${multi-arm64_DIGEST}-arm64        |
      | multi-${multi-unknown-1_DIGEST}-noarch-1 | named.seen | multi-${multi-unknown-1_DIGEST}-noarch-1 |
    And the output should match the snapshot

  @component-12
  Scenario: policies see all components, in order, for every platform
    Given an image "acceptance/multi" for the architectures "s390x", all conforming
    When "validate image" is run with
      | --images  | {"components": [{"containerImage": "${REGISTRY}/acceptance/multi"}, {"name": "app", "containerImage": "${REGISTRY}/acceptance/app"}]} |
      | --output  | policy-input                                                                                                                          |
      | --workers | 1                                                                                                                                     |
    Then the lines of the output should match the snapshot

  @component-13
  Scenario: an image whose platforms can't be read is a single warning
    Given a file "images.yaml" with
      """
      components:
        - {name: gone, containerImage: "${REGISTRY}/acceptance/gone:v1"}
        - {name: app, containerImage: "${REGISTRY}/acceptance/app"}
      """
    When "validate image" is run with
      | --images | images.yaml |
    Then the violations are
      | component | code                     |
      | gone      | builtin.image.accessible |
    And the output should match the snapshot
    And the log contains "unable to fetch descriptior for container image ${REGISTRY}/acceptance/gone:v1: "

  @component-14
  Scenario: components with errors end the validation, and are named in order
    Given a file "rules/broken.rego" with
      """
      package broken
      deny contains {"code": "broken.msg"}
      """
    And a file "images.yaml" with
      """
      components:
        - {name: b, containerImage: "${REGISTRY}/acceptance/base"}
        - {name: a, containerImage: "${REGISTRY}/acceptance/app"}
      """
    When "validate image" is run with
      | --images  | images.yaml |
      | --workers | 0           |
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app of component a: query rule: check: query rule: new result: "msg" field must be present and a string
      error validating image ${REGISTRY}/acceptance/base of component b: query rule: check: query rule: new result: "msg" field must be present and a string
      """

  @component-15
  Scenario Outline: extra arguments are rejected, since somebody meant them to count
    When "validate image" is run with
      | --policy=policy.yaml             |                            |
      | --image                          | ${REGISTRY}/acceptance/app |
      | --public-key=${known_PUBLIC_KEY} |                            |
      | <flag>                           | <word>                     |
    Then the command line is rejected with the error
      """
      unknown command "<word>" for "… validate image"
      """
    And the registry received no request

    Examples:
      | flag            | word        |
      | --ignore-rekor  | false       |
      | --strict        | true        |
      | --show-warnings | another/app |

  @component-16
  Scenario: a negative number of workers is rejected, and doesn't hang
    When "validate image" is run with
      | --image      | ${REGISTRY}/acceptance/app |
      | --policy     | policy.yaml                |
      | --public-key | ${known_PUBLIC_KEY}        |
      | --workers    | -1                         |
      | --timeout    | 20s                        |
    Then the validation fails with the error
      """
      …-1…workers…
      """
    And the registry received no request

  @component-17
  Scenario: with no workers for indexes they are expanded all the same
    Given an image "acceptance/multi" for the architectures "s390x", all conforming
    And the environment variable is set "IMAGE_INDEX_WORKERS=0"
    And a file "images.yaml" with
      """
      components:
        - {name: multi, containerImage: "${REGISTRY}/acceptance/multi"}
        - {name: app, containerImage: "${REGISTRY}/acceptance/app"}
      """
    When "validate image" is run with
      | --images | images.yaml |
    Then the warnings are
      | component                         | code       | term                              |
      | app                               | named.seen | app                               |
      | multi                             | named.seen | multi                             |
      | multi-${multi-s390x_DIGEST}-s390x | named.seen | multi-${multi-s390x_DIGEST}-s390x |
    And the validation took at most 20 s
