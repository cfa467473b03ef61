Feature: Which rules count: include and exclude

  The policy has three packages. `a.r1` (collection c1) fails with the term t1 and with the terms t2 and t3, `a.r2` (c1,
  c2) passes, `a.r3` warns. Package `b` has no annotations: it denies without a code and as `b.coded`, and warns as
  `zz.other` and `nodot`. `c.r1` passes.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And a folder "rules" with the files of "policy/mixed_results"

  @selection-<id>
  Scenario Outline: <what>
    Given the policy configuration
      """
      sources:
        - policy: [./rules]
          config: {<config>}
      """
    When "validate image" is run
    Then the violations are: <violations>
    And the warnings are: <warnings>
    And the successes are: <successes>
    And the output should match the snapshot

    Examples: everything is included unless something is excluded
      | id | what | config | violations | warnings | successes |
      | 01 | nothing said |  | (no code), a.r1 (t1), a.r1 (t2, t3), b.coded | a.r3, nodot, zz.other | a.r2, c.r1 |
      | 02 | a rule excluded, and it isn't a success | exclude: [a.r1] | (no code), b.coded | a.r3, nodot, zz.other | a.r2, c.r1 |
      | 03 | a rule excluded for one term | exclude: ["a.r1:t1"] | (no code), a.r1 (t2, t3), b.coded | a.r3, nodot, zz.other | a.r2, c.r1 |
      | 04 | a package excluded for a term of several | exclude: ["a.*:t3"] | (no code), a.r1 (t1), b.coded | a.r3, nodot, zz.other | a.r2, c.r1 |
      | 05 | a term of all packages means nothing | exclude: ["*:t1"] | (no code), a.r1 (t1), a.r1 (t2, t3), b.coded | a.r3, nodot, zz.other | a.r2, c.r1 |
      | 06 | a package excluded, with its foreign codes | exclude: [b] | a.r1 (t1), a.r1 (t2, t3) | a.r3 | a.r2, c.r1 |
      | 07 | everything excluded but what has no code or no package | exclude: [a, b, c, zz, nodot] | (no code) | nodot | none |

    Examples: only what is included
      | id | what                                   | config                    | violations               | warnings  | successes |
      | 08 | a package                              | include: [a]              | a.r1 (t1), a.r1 (t2, t3) | a.r3      | a.r2      |
      | 09 | a package without annotations          | include: [b]              | (no code), b.coded       | none      | none      |
      | 10 | a rule for one term                    | include: ["a.r1:t2"]      | (no code), a.r1 (t2, t3) | none      | none      |
      | 11 | a collection                           | include: ["@c1"]          | a.r1 (t1), a.r1 (t2, t3) | none      | a.r2      |
      | 12 | a collection that nobody has is missed | include: ["@c2", "@nope"] | none                     | (no code) | a.r2      |
      | 13 | names of packages end without a dot    | include: ["a."]           | (no code)                | (no code) | none      |

  @selection-14
  Scenario: each criterion that matches nothing is a warning
    Given the policy configuration
      """
      sources:
        - policy: [./rules]
          config: {include: ["*", nope, a.zz]}
      """
    When "validate image" is run
    Then the violations are: (no code), a.r1 (t1), a.r1 (t2, t3), b.coded
    And the warnings are
      | code     | message                                                |
      |          | Include criterion 'a.zz' doesn't match any policy rule |
      |          | Include criterion 'nope' doesn't match any policy rule |
      | a.r3     | Warns                                                  |
      | nodot    | Warns with a code without a dot                        |
      | zz.other | Warns with a code of another package                   |
    And the successes are: a.r2, c.r1
    And the output should match the snapshot

  @selection-21
  Scenario: the deprecated configuration applies to sources without their own
    Given the policy configuration
      """
      configuration: {include: ["@c1"], collections: [c2]}
      sources:
        - name: says nothing
          policy: [./rules]
        - name: says something
          policy: [./rules]
          config: {include: [c]}
      """
    When "validate image" is run
    Then the violations are: a.r1 (t1), a.r1 (t2, t3)
    And the warnings are: none
    And the successes are: a.r2, c.r1
    And the output should match the snapshot

  @selection-22
  Scenario: no rule is left
    Given the policy configuration "sources: [{policy: [./rules], config: {include: [zz.other]}}]"
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: no successes, warnings, or failures, check input
      """

  @selection-23
  Scenario: only the last two parts of a code count
    Given a file "rules/long.rego" with
      """
      package long
      deny contains {"code": "x.y.stays", "msg": "named by its package's whole path"} if { true }
      deny contains {"code": "x.z.goes", "msg": "named by the last part of it"} if { true }
      """
    And the policy configuration "sources: [{policy: [./rules], config: {exclude: [x.y, x.y.stays, "x.y.*", x, z.goes, a, b, c, zz, nodot]}}]"
    When "validate image" is run
    Then the violations are: x.y.stays
    And the output should match the snapshot

  @selection-24
  Scenario: a rule without annotation hides the collections of an annotated one of its code
    Given a file "rules/a.rego" with
      """
      package a
      # METADATA
      # custom:
      #   short_name: twice
      #   collections: [c9]
      deny contains {"code": "a.twice", "msg": "annotated"} if { true }
      deny contains result if { result := {"code": "a.twice", "msg": "not annotated"} }
      """
    And a file "rules/b.rego" with
      """
      package b
      # METADATA
      # custom:
      #   short_name: once
      #   collections: [c9]
      deny contains {"code": "b.once", "msg": "annotated"} if { true }
      """
    And the policy configuration "sources: [{policy: [./rules], config: {include: ["@c9"]}}]"
    When "validate image" is run
    Then the violations are: b.once
    And the output should match the snapshot
