Feature: Rules selected by pipeline intention: --filter-type ec-policy

  `a.rel` is for releases and production, `a.relpass` for releases, `b.rel` for builds, `a.none` for no intention;
  `a.noannot` has no annotation, and one more result not even a code.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And a folder "rules" with the files of "policy/intentions"

  @intention-<id>
  Scenario Outline: <what>
    Given the policy configuration "sources: [{policy: [./rules], <data>}]"
    When "validate image" is run with
      | --filter-type | <type> |
    Then the violations are: <violations>
    And the warnings are: <warnings>
    And the successes are: <successes>
    And the output should match the snapshot

    Examples:
      | id | what | type | data | violations | warnings | successes |
      | 01 | no intention: rules for none | ec-policy | ruleData: {} | (no code), a.noannot, a.none | none | none |
      | 02 | an intention: its rules | ec-policy | ruleData: {pipeline_intention: release} | (no code), a.rel | none | a.relpass |
      | 03 | several intentions | ec-policy | ruleData: {pipeline_intention: [build, production]} | (no code), a.rel, b.rel | none | none |
      | 04 | an intention that no rule has | ec-policy | ruleData: {pipeline_intention: [x]} | (no code) | (no code) | none |
      | 05 | ignored by this filter | include-exclude | ruleData: {pipeline_intention: [x]} | (no code), a.noannot, a.none, a.rel, b.rel | none | a.relpass |
      | 06 | an unknown filter is ignored | nonsense | ruleData: {pipeline_intention: [x]} | (no code), a.noannot, a.none, a.rel, b.rel | none | a.relpass |
      | 07 | terms don't count | ec-policy | config: {exclude: ["a.none:t"]} | (no code), a.noannot, a.none | none | none |
      | 08 | excluded rules stay out | ec-policy | config: {exclude: [a.none]}, ruleData: {} | (no code), a.noannot | none | none |
