Feature: Unusual images, as builders and registries produce them

  Rules see the configuration that runtimes and other validators see: all of it, or nothing if one member has the wrong
  type. A problem with one image doesn't affect the verdict of another.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a folder "rules" with
      | main.rego | policy/label.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"

  @form-01
  Scenario Outline: a configuration with a member of the wrong type is ignored: <member>
    Given an image "acceptance/app" whose configuration also has <member>
    When "validate image" is run
    Then the violations are: none
    And a message is
      """
      nothing
      """

    Examples:
      | member                                          |
      | "created": ""                                   |
      | "created": 5                                    |
      | "created": "2020-02-30T00:00:00Z"               |
      | "history": [{"empty_layer": "true"}]            |
      | "history": {}                                   |
      | "rootfs": {"type": "layers", "diff_ids": ["x"]} |
      | "rootfs": {"diff_ids": [null]}                  |
      | "os.features": "x"                              |
      | "architecture": 5                               |
      | "author": 5, "author": "a"                      |
      | "ARCHITECTURE": 5                               |
      | "config": {"Labels": {"a": 1}}                  |
      | "config": {"Volumes": {"/a": ""}}               |
      | "config": {"Healthcheck": {"Interval": 1.5}}    |
      | "config": []                                    |

  @form-02
  Scenario Outline: a configuration is shown whatever else it contains: <member>
    Given an image "acceptance/app" whose configuration also has <member>
    When "validate image" is run
    Then the violations are: none
    And a message is
      """
      <seen>
      """

    Examples:
      | member                                   | seen |
      | "created": null                          | yes  |
      | "created": "2020-01-01T00:00:00.5+01:00" | yes  |
      | "unknown": {"created": 5}                | yes  |
      | "unknown": 1e999                         | yes  |
      | "history": null, "rootfs": null          | yes  |
      | "config": null                           | yes  |
      | "Config": {"LABELS": {"seen": "last"}}   | last |
      | "config": {"User": "\ud800"}             | yes  |

  @form-03
  Scenario: a configuration of 5 MB
    Given an image "acceptance/app" with a label of 5 MB
    And the rules
      """
      package seen
      warn contains sprintf("%d", [count(input.image.config.Labels.seen)])
      """
    When "validate image" is run
    Then the violations are: none
    And a message is
      """
      5000000
      """

  @form-04
  Scenario: a configuration embedded in the manifest
    Given an image "acceptance/app" whose manifest contains its configuration
    When "validate image" is run
    Then the violations are: none
    And a message is
      """
      yes
      """
    And the configuration of "app" was fetched exactly 0 times

  @form-05
  Scenario: an index that lacks the image for one architecture
    Given an image "acceptance/multi" for the architectures "amd64, arm64", all conforming
    And the registry has lost the image "acceptance/multi-arm64"
    And a conforming image "acceptance/app"
    When "validate image" is run
    Then the violations are
      | component                         | code                     |
      | multi-${multi-arm64_DIGEST}-arm64 | builtin.image.accessible |

  @form-06
  Scenario: an index that lacks the image whose files it is validated by
    Given an image "acceptance/multi" for the architectures "amd64, arm64", all conforming
    And the registry has lost the image "acceptance/multi-amd64"
    And a conforming image "acceptance/app"
    When "validate image" is run
    Then the violations are
      | component                         | code                     |
      | multi                             | builtin.image.accessible |
      | multi-${multi-amd64_DIGEST}-amd64 | builtin.image.accessible |

  @field-01
  Scenario: a registry that calls an index "application/octet-stream"
    Given an image "acceptance/multi" for the architectures "amd64, arm64", all conforming
    And the registry has lost the image "acceptance/multi-arm64"
    And the registry calls every manifest "application/octet-stream"
    When "validate image" is run
    Then the violations are
      | component                         | code                     |
      | multi-${multi-arm64_DIGEST}-arm64 | builtin.image.accessible |

  @form-07 @form-07.<id>
  Scenario Outline: an invalid reference: <reference>
    Given a conforming image "acceptance/app"
    When "validate image" is run with
      | --image | <reference> |
    Then the validation fails with the error
      """
      error validating image <reference> of component Unnamed: could not parse reference: <reference>
      """
    And the registry received no request

    Examples:
      | id | reference                                                                          |
      | 01 | ./local.tar                                                                        |
      | 02 | ../x/y:z                                                                           |
      | 03 | a..b/app:v1                                                                        |
      | 04 | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b/app |
      | 05 | ${REGISTRY}/acceptance/App                                                         |
      | 06 | ${REGISTRY}/acceptance/app:v1:v2                                                   |
      | 07 | ${REGISTRY}/acceptance/app@sha256:abc                                              |
      | 08 | ${REGISTRY}/acceptance/app:-!                                                      |
      | 09 | user@${REGISTRY}/acceptance/app                                                    |
      | 10 | [::x]:5000/app                                                                     |
      | 11 | https://${REGISTRY}/acceptance/app                                                 |
