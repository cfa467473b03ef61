Feature: Which rules count when include and exclude disagree

  The more specific criterion wins; between equally specific ones, exclude wins. The policy is that of
  selection.feature.

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

    Examples: the more specific one wins
      | id | what | config | violations | warnings | successes |
      | 15 | collection and rule against package | include: ["@c1", a.r1], exclude: [a] | a.r1 (t1), a.r1 (t2, t3) | none | none |
      | 16 | equally exact: excluded | include: ["*"], exclude: ["*"] | (no code) | none | none |
      | 17 | package against rule | include: [a], exclude: [a.r1] | none | a.r3 | a.r2 |
      | 18 | a term against its rule | include: ["*", a.r1], exclude: ["a.r1:t1"] | (no code), a.r1 (t2, t3), b.coded | a.r3, nodot, zz.other | a.r2, c.r1 |
      | 19 | said twice counts twice | include: [a.r1, a.r1], exclude: ["a.r1:t1"] | a.r1 (t1), a.r1 (t2, t3) | none | none |
      | 20 | equal weight of a package said often | include: [a, a, a], exclude: ["@c1", "@c2"] | a.r1 (t1), a.r1 (t2, t3) | a.r3 | a.r2 |
