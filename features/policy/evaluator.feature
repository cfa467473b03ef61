Feature: The OPA evaluator: EC_USE_OPA=1

  Results are the same as usual, except for a few unusual values.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And the environment variable is set "EC_USE_OPA=1"

  @evaluator-01
  Scenario: the policy of selection.feature
    Given a folder "rules" with the files of "policy/mixed_results"
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"], "config": {"exclude": ["a.r1:t1"]}}]} |
      | --info   |                                                                            |
    Then the violations are
      | code    | term   | message                                   |
      |         |        | Denies without a code                     |
      | a.r1    | t2, t3 | Fails for ["t2", "t3"]                    |
      | b.coded |        | Denies with a code that no annotation has |
    And the warnings are: a.r3, nodot, zz.other
    And the successes are: a.r2, c.r1
    And the output should match the snapshot

  @evaluator-02
  Scenario: values that aren't results are reported, and a result without a message passes
    Given the rules
      """
      package a
      deny contains value if { some value in [1, true, null, ["a list"]] }
      warn contains {"code": "a.dumb"}
      warn contains sprintf("conftest is there: %v", [there])
      there if { data.conftest.file }
      default there := false
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the violations are
      | code | message                                                |
      |      | unexpected policy result type <nil>: <nil>             |
      |      | unexpected policy result type []interface {}: [a list] |
      |      | unexpected policy result type bool: true               |
      |      | unexpected policy result type json.Number: 1           |
    And the warnings are
      | code | message                  |
      |      | conftest is there: false |
    And the output should match the snapshot

  @evaluator-03
  Scenario: intentions are ignored
    Given a folder "rules" with the files of "policy/intentions"
    When "validate image" is run with
      | --policy      | {"sources": [{"policy": ["./rules"], "ruleData": {"pipeline_intention": "release"}}]} |
      | --filter-type | ec-policy                                                                             |
    Then the violations are
      | code      | message                            |
      |           | Fails without a code               |
      | a.noannot | Fails without an annotation        |
      | a.none    | Fails whatever the pipeline is for |
      | a.rel     | Fails for releases                 |
      | b.rel     | Fails for builds                   |
    And the successes are: a.relpass
    And the output should match the snapshot

  @evaluator-04
  Scenario: a compilation error is reported for each component
    Given a conforming image "acceptance/second"
    And the rules
      """
      package a
      deny contains msg if { msg := http.send({"method": "get", "url": "https://example.com"}).raw_body }
      """
    When "validate image" is run with
      | --policy  | {"sources": [{"policy": ["./rules"]}]} |
      | --workers | 0                                      |
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: policy compilation error: …rego_type_error: undefined function http.send
      error validating image ${REGISTRY}/acceptance/second:latest of component second: policy compilation error: …rego_type_error: undefined function http.send
      """

  @evaluator-05
  Scenario: an exception removes the results of a rule, also one without a message
    Given the rules
      """
      package a
      deny_one contains {"code": "a.dumb", "msg": 5}
      deny_one contains {"code": "a.one", "msg": "taken away"}
      warn contains "all that is seen"
      exception contains ["one"]
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the violations are: none
    And the warnings are
      | code | message          |
      |      | all that is seen |
    And the output should match the snapshot
