Feature: The effective time

  The rule `a.later` fails from 2099-01-01 on, `a.earlier` has failed since 2001.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And a folder "rules" with
      | main.rego | policy/dated.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"

  @effective_time-<id>
  Scenario Outline: <what>
    When "validate image" is run with
      | --effective-time | <given> |
    Then the effective time is "<time>"
    And the violations are: <violations>
    And the warnings are: <warnings>
    And the output should match the snapshot

    Examples: formats
      | id | what                                   | given                       | time                   | violations         | warnings |
      | 01 | a moment                               | 2098-12-31T23:59:59Z        | 2098-12-31T23:59:59Z   | a.earlier          | a.later  |
      | 02 | the very moment doesn't count yet      | 2099-01-01T00:00:00Z        | 2099-01-01T00:00:00Z   | a.earlier          | a.later  |
      | 03 | a moment with an offset and a fraction | 2099-01-01T01:00:00.5+01:00 | 2099-01-01T00:00:00.5Z | a.earlier, a.later | none     |
      | 04 | a day begins at midnight, UTC          | 2099-01-02                  | 2099-01-02T00:00:00Z   | a.earlier, a.later | none     |

  @effective_time-<id>
  Scenario Outline: now, written "<given>"
    When "validate image" is run with
      | --effective-time | <given> |
    Then the violations are: a.earlier
    And the warnings are: a.later
    And the output should match the snapshot

    Examples:
      | id | given |
      | 05 | now   |
      | 06 | NOW   |

  @effective_time-07
  Scenario: the time of the build, as the attestation says
    Given a folder "rules" with
      | clock.rego | policy/clock.rego |
    When "validate image" is run with
      | --effective-time | attestation |
    Then the effective time is "2024-01-01T10:05:00Z"
    And the violations are: a.earlier
    And the warnings are: a.later, clock.late
    And the output should match the snapshot

  @effective_time-08
  Scenario: a time in the past, when it is allowed
    When "validate image" is run with
      | --effective-time            | 2001-01-31 |
      | --allow-past-effective-time |            |
    Then the effective time is "2001-01-31T00:00:00Z"
    And the violations are: none
    And the warnings are: a.earlier, a.later
    And the output should match the snapshot

  @effective_time-09
  Scenario: a time in the past is rejected
    When "validate image" is run with
      | --effective-time | 2020-01-01 |
    Then the validation fails with the error
      """
      effective time 2020-01-01T00:00:00Z is in the past; use --allow-past-effective-time to override
      """
    And no manifest was fetched

  @effective_time-<id>
  Scenario Outline: <what> is rejected
    When "validate image" is run with
      | --effective-time | <given> |
    Then the validation fails with the error
      """
      invalid policy time argument: parsing time "<given>" as "2006-01-02T15:04:05Z07:00": cannot parse <part>
      parsing time "<given>" as "2006-01-02": cannot parse <part>
      """
    And no manifest was fetched

    Examples:
      | id | what                | given    | part                |
      | 10 | a word              | garbage  | "garbage" as "2006" |
      | 11 | a day without zeros | 2030-1-1 | "1-1" as "01"       |

  @effective_time-12
  Scenario: rules see the time in data.config
    Given a folder "rules" with
      | clock.rego | policy/clock.rego |
    When "validate image" is run with
      | --effective-time | 2098-07-01T00:00:00Z |
    Then the warnings are: a.later, clock.late
    And a message is
      """
      It is 2098-07-01T00:00:00Z
      """
    And the output should match the snapshot

  @effective_time-<id>
  Scenario Outline: the date of a rule that took effect <what>
    When "validate image" is run with
      | --effective-time            | <given> |
      | --allow-past-effective-time |         |
    Then the output should match the snapshot

    Examples:
      | id | what                               | given                |
      | 13 | 90 days ago stands in its failures | 2001-05-02T00:00:00Z |
      | 14 | more than 90 days ago doesn't      | 2001-05-02T00:00:01Z |

  @effective_time-15
  Scenario: the time of the build decides what is in effect, but not for waivers
    Given the rules
      """
      package a
      deny contains {"code": "a.before", "msg": "In force when it was built", "effective_on": "2024-01-01T10:04:59Z"}
      deny contains {"code": "a.at", "msg": "Not yet at that moment", "effective_on": "2024-01-01T10:05:00Z"}
      deny contains {"code": "a.after", "msg": "Only today", "effective_on": "2024-06-01T00:00:00Z"}
      deny contains {"code": "a.waived", "msg": "Waived when it was built, no more today"}
      deny contains {"code": "a.pardoned", "msg": "Waived today, not yet when it was built"}
      """
    And the policy configuration
      """
      sources:
        - policy: [./rules]
          volatileConfig:
            exclude:
              - {value: a.waived, effectiveUntil: "2024-06-01"}
              - {value: a.pardoned, effectiveOn: "2024-06-01"}
      """
    When "validate image" is run with
      | --effective-time | attestation |
    Then the violations are: a.before, a.waived
    And the warnings are: a.after, a.at
    And the output should match the snapshot
