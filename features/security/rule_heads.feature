Feature: Rules that deny in a form that can't be evaluated

  Results come from sets (`deny contains …`). Whoever writes a rule named deny in another form means to deny all the
  same, so it is never silently ignored.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And the policy configuration "sources: [{policy: [./rules]}]"

  @inject-11
  Scenario Outline: rejected when read: <rule>
    Given the rules
      """
      package a
      warn contains {"code": "a.other", "msg": "says something"}
      # METADATA
      # custom: {short_name: x}
      <rule>
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      …returns an unsupported value, at main.rego:5
      """

    Examples:
      | rule                    |
      | deny.x := 1             |
      | deny["x"] := true       |
      | deny.x := ["m"] if true |
      | warn.x := 1             |
      | deny := 1               |
      | deny := {"m"}           |
      | deny if true            |
      | deny(x) if x == 1       |
      | default deny := false   |
      | violation.a.b := null   |
      | deny_x contains true    |

  @inject-12
  Scenario Outline: rejected when evaluated, where ec passes: <rule>
    Given the rules
      """
      package a
      warn contains {"code": "a.other", "msg": "says something"}
      <rule>
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      …can't be judged: …
      """

    Examples:
      | rule                           |
      | deny := "m"                    |
      | deny := {"msg": "m"}           |
      | deny = "m" if input.image      |
      | default deny := "m"            |
      | deny := x if x := false        |
      | deny.x := "m"                  |
      | deny["x"] := {"msg": "m"}      |
      | deny[x] := "m" if x := "k"     |
      | deny.a.b := "m"                |
      | deny.x contains "m"            |
      | deny.a.b contains {"msg": "m"} |
      | deny.f(x) := "m" if x          |
      | violation_x := {"code": "a.x"} |

  @inject-13
  Scenario: a rule that denies in such a form in a package of its own
    Given the rules
      """
      package a
      deny contains {"code": "a.x", "msg": "never"} if false
      warn contains {"code": "a.other", "msg": "says something"}
      """
    And a file "rules/b.rego" with
      """
      package b
      deny.a.b := "m"
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      …the rule deny.a.b can't be judged: …b.rego at line 2
      """

  @inject-14
  Scenario: rules that only warn or help may have any form
    Given the rules
      """
      package a
      deny contains {"code": "a.no", "msg": "judged"}
      warn := {"msg": "an object alone is none"}
      warn_x.y := "m"
      lib.deny.x := 1
      denyx.y := 1
      """
    When "validate image" is run
    Then the violations are: a.no
    And the warnings are: none

  @inject-15
  Scenario: a text in an annotation is neither a date nor the name of another rule
    Given the rules
      """
      package a
      # METADATA
      # custom: {short_name: "\0date:x", collections: [left-out]}
      deny contains {"code": "a.x", "msg": "denied"}
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"], "config": {"exclude": ["@left-out"]}}]} |
    Then the violations are: a.x
