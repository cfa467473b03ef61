Feature: Waivers: criteria with dates, for images and for components

  `volatileConfig` has criteria that apply for a limited time, or to some images or components only. The policy is that
  of selection.feature, and the time is noon on 2030-06-15.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/one"
    And a conforming image "acceptance/two"
    And a folder "rules" with
      | a.rego | policy/mixed_results/a.rego |

  @volatile-<id>
  Scenario Outline: an exclusion <what>
    Given the policy configuration
      """
      sources:
        - policy: [./rules]
          volatileConfig:
            exclude:
              - {value: a.r1, <criterion>}
      """
    When "validate image" is run with
      | --effective-time | 2030-06-15T12:00:00Z |
    Then the violations are: <violations>
    And the successes are: two: a.r2; one: a.r2
    And the output should match the snapshot

    Examples: dates
      | id | what | criterion | violations |
      | 01 | without dates counts always | effectiveOn: "" | none |
      | 02 | counts from its first moment on | effectiveOn: "2030-06-15T12:00:00Z" | none |
      | 03 | doesn't count before | effectiveOn: "2030-06-15T12:00:01Z" | two: a.r1 (t1), a.r1 (t2, t3); one: a.r1 (t1), a.r1 (t2, t3) |
      | 04 | counts until its last moment | effectiveUntil: "2030-06-15T12:00:00Z" | none |
      | 05 | doesn't count after | effectiveUntil: "2030-06-15T11:59:59Z" | two: a.r1 (t1), a.r1 (t2, t3); one: a.r1 (t1), a.r1 (t2, t3) |
      | 06 | until a day ends with its first moment | effectiveUntil: "2030-06-15" | two: a.r1 (t1), a.r1 (t2, t3); one: a.r1 (t1), a.r1 (t2, t3) |
      | 07 | between two offsets from UTC | effectiveOn: "2030-06-15T13:30:00+02:00", effectiveUntil: "2030-06-15T09:00:00-05:00" | none |

    Examples: images and components
      | id | what | criterion | violations |
      | 08 | for an image's URL | imageUrl: "${REGISTRY}/acceptance/one" | two: a.r1 (t1), a.r1 (t2, t3) |
      | 09 | for a tagged URL counts for none | imageUrl: "${REGISTRY}/acceptance/one:latest" | two: a.r1 (t1), a.r1 (t2, t3); one: a.r1 (t1), a.r1 (t2, t3) |
      | 10 | for an image's digest | imageDigest: "${one_DIGEST}" | two: a.r1 (t1), a.r1 (t2, t3) |
      | 11 | for an image's digest, in the old words | imageRef: "${two_DIGEST}" | one: a.r1 (t1), a.r1 (t2, t3) |
      | 12 | for a component | componentNames: [two, three] | one: a.r1 (t1), a.r1 (t2, t3) |
      | 13 | for a URL and a component: the URL counts alone | imageUrl: "${REGISTRY}/acceptance/one", componentNames: [two] | two: a.r1 (t1), a.r1 (t2, t3) |

  @volatile-14
  Scenario: a waiver with an invalid date is skipped with a warning
    Given the policy configuration
      """
      sources:
        - policy: [./rules]
          volatileConfig:
            exclude:
              - {value: a.r1, effectiveUntil: "15 June 2030"}
              - {value: a.r3}
      """
    When "validate image" is run with
      | --image | ${REGISTRY}/acceptance/one |
    Then the violations are: a.r1 (t1), a.r1 (t2, t3)
    And the warnings are: none
    And the log has the warning
      """
      skipping volatile criteria "a.r1": unable to parse "15 June 2030" as RFC3339 or 2006-01-02
      """
    And the output should match the snapshot

  @volatile-15
  Scenario: an inclusion for one image leaves the others without the implicit one
    Given a folder "rules" with
      | b.rego | policy/mixed_results/b.rego |
    And the policy configuration
      """
      sources:
        - policy: [./rules]
          volatileConfig:
            include: [{value: a.r1, imageUrl: "${REGISTRY}/acceptance/one"}]
      """
    When "validate image" is run
    Then the violations are: two: (no code); one: a.r1 (t1), a.r1 (t2, t3)
    And the warnings are
      | code | message                                                |
      |      | Include criterion 'a.r1' doesn't match any policy rule |
    And the output should match the snapshot

  @volatile-16
  Scenario: a waiver for a component holds for its platforms too
    Given an image "acceptance/multi" for the architectures "amd64, arm64", all conforming
    And the policy configuration
      """
      sources:
        - policy: [./rules]
          volatileConfig:
            exclude: [{value: "a.r1:t1", componentNames: [multi]}]
      """
    When "validate image" is run with
      | --image  | ${REGISTRY}/acceptance/one                                                                   |
      | --images | {"components": [{"name": "multi", "containerImage": "${REGISTRY}/acceptance/multi:latest"}]} |
    Then the violations are
      | component                         | code | term   |
      | Unnamed                           | a.r1 | t1     |
      | Unnamed                           | a.r1 | t2, t3 |
      | multi                             | a.r1 | t2, t3 |
      | multi-${multi-amd64_DIGEST}-amd64 | a.r1 | t2, t3 |
      | multi-${multi-arm64_DIGEST}-arm64 | a.r1 | t2, t3 |
    And the output should match the snapshot
