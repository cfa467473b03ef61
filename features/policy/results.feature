Feature: From rules to results

  How what rules return becomes violations, warnings and successes: with which members, and in which order.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And the policy configuration "sources: [{policy: [./rules]}]"

  @result-01
  Scenario: names of rules that deny and warn
    Given the rules
      """
      package a
      deny contains result if { result := {"code": "a.deny", "msg": "counts"} }
      deny_more_x1 contains result if { result := {"code": "a.more", "msg": "counts"} }
      violation contains result if { result := {"code": "a.violation", "msg": "counts"} }
      warn_2 contains result if { result := {"code": "a.warn", "msg": "counts"} }
      denyx contains result if { result := {"code": "a.denyx", "msg": "doesn't"} }
      warning contains result if { result := {"code": "a.warning", "msg": "doesn't"} }
      Deny contains result if { result := {"code": "a.capital", "msg": "doesn't"} }
      """
    When "validate image" is run
    Then the violations are: a.deny, a.more, a.violation
    And the warnings are: a.warn
    And the output should match the snapshot

  @result-02
  Scenario: values that are results, and values that aren't
    Given the rules
      """
      package a
      deny contains "a text"
      deny contains value if { some value in [1, true, null, ["a list"], {"a set"}] }
      deny contains {"msg": ""}
      deny contains {"msg": "an object", "code": "a.object", "term": ["x", "y"], "query": "dropped", "_loc": "dropped", "other": 1.50}
      listed := ["a list is a set", {"msg": "with objects", "severity": "failure"}]
      warn := listed
      warn_one := {"msg": "an object alone is none"}
      """
    When "validate image" is run with
      | --info |  |
    Then the violations are
      | code     | term | message      |
      |          |      | a text       |
      |          |      | with objects |
      | a.object | x, y | an object    |
    And the warnings are
      | code | message         |
      |      | a list is a set |
    And a message is
      """
      a list is a set
      """
    And the output should match the snapshot

  @result-03
  Scenario: a result without a message ends the validation
    Given the rules
      """
      package a
      deny contains {"code": "a.dumb"}
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: query rule: check: query rule: new result: "msg" field must be present and a string
      """

  @result-04
  Scenario: severity turns violations into warnings and back, and unknown severities don't
    Given the rules
      """
      package a
      deny contains {"code": "a.mild", "msg": "warns", "severity": "warning"}
      warn contains {"code": "a.harsh", "msg": "fails", "severity": "failure"}
      deny contains {"code": "a.odd", "msg": "stays", "severity": "mild"}
      warn contains {"code": "a.strange", "msg": "stays", "severity": 5}
      # METADATA
      # custom:
      #   short_name: told
      #   severity: warning
      deny contains {"code": "a.told", "msg": "An annotation's severity has no effect"}
      """
    When "validate image" is run with
      | --info |  |
    Then the violations are: a.harsh, a.odd, a.told
    And the warnings are: a.mild, a.strange
    And the output should match the snapshot

  @result-05
  Scenario: a violation and a warning with one code become two warnings
    Given the rules
      """
      package a
      deny contains {"code": "a.both", "msg": "denied"}
      warn contains {"code": "a.both", "msg": "warned"}
      deny contains "the same text"
      warn contains "the same text"
      deny contains {"code": "a.one", "msg": "the same text"}
      """
    When "validate image" is run
    Then the violations are: a.one
    And the warnings are
      | code   | message       |
      |        | the same text |
      |        | the same text |
      | a.both | denied        |
      | a.both | warned        |
    And the output should match the snapshot

  @result-06
  Scenario: effective dates in results
    Given the rules
      """
      package a
      deny contains {"code": "a.future", "msg": "One dot is dropped..", "effective_on": "2099-01-01T00:00:00Z"}
      deny contains {"msg": "Without a code", "effective_on": "2099-01-01T00:00:00Z"}
      deny contains {"code": "a.offset", "msg": "An offset isn't understood", "effective_on": "2099-01-01T00:00:00+01:00"}
      deny contains {"code": "a.day", "msg": "Nor is a day", "effective_on": "2099-01-01"}
      deny contains {"code": "a.number", "msg": "Nor a number", "effective_on": 2099}
      warn contains {"code": "a.calm", "msg": "Warnings stay as they are", "effective_on": "2099-01-01T00:00:00Z"}
      """
    When "validate image" is run
    Then the violations are: a.day, a.number, a.offset
    And the warnings are
      | code     | message                                                                          |
      |          | Without a code. This will become a failure starting on 2099-01-01T00:00:00Z      |
      | a.calm   | Warnings stay as they are                                                        |
      | a.future | One dot is dropped.. This will become a failure starting on 2099-01-01T00:00:00Z |
    And the output should match the snapshot

  @result-07
  Scenario: the annotation wins over the result, but for term and severity
    Given the rules
      """
      package a
      # METADATA
      # title: Title of the annotation
      # description: Description of the annotation.
      # custom:
      #   short_name: one
      #   solution: Solution of the annotation
      #   collections: [annotated, 5]
      #   effective_on: 2001-01-01T00:00:00Z
      deny contains result if {
        result := {
          "code": "a.one", "msg": "fails", "term": "t", "title": "mine", "description": "mine", "solution": "mine",
          "collections": ["mine"], "effective_on": "2099-01-01T00:00:00Z", "mine": {"b": 1, "a": [1.50, 1e3]},
        }
      }
      deny contains {"code": "a.two", "msg": "fails", "title": "mine", "description": "mine", "collections": "mine"}
      """
    When "validate image" is run with
      | --info |  |
    Then the violations are: a.one (t), a.two
    And the output should match the snapshot

  @result-08
  Scenario: without --info results have only code, term and date
    Given the rules
      """
      package a
      # METADATA
      # title: Title
      # description: Description
      # custom:
      #   short_name: one
      #   solution: Solution
      #   effective_on: 2099-01-01T00:00:00Z
      deny contains {"code": "a.one", "msg": "fails", "term": "t", "other": "gone"}
      """
    When "validate image" is run
    Then the violations are: none
    And the warnings are: a.one (t)
    And the output should match the snapshot

  @result-09
  Scenario: a violation's description says how to exclude it
    Given the rules
      """
      package a
      # METADATA
      # title: None
      # description: No term.
      # custom: {short_name: none}
      deny contains {"code": "a.none", "msg": "fails"}
      # METADATA
      # title: One
      # description: One term
      # custom: {short_name: one}
      deny contains {"code": "a.one", "msg": "fails", "term": "t"}
      # METADATA
      # title: Some
      # description: Several terms
      # custom: {short_name: some}
      deny contains {"code": "a.some", "msg": "fails", "term": ["t", "", "u"]}
      # METADATA
      # title: Warns
      # description: A warning
      # custom: {short_name: warns}
      warn contains {"code": "a.warns", "msg": "warns"}
      """
    When "validate image" is run with
      | --info |  |
    Then the violations are: a.none, a.one (t), a.some (t, , u)
    And the output should match the snapshot

  @result-10
  Scenario: a rule that depends on another one is silent when that one fails
    Given the rules
      """
      package a
      # METADATA
      # custom: {short_name: first}
      deny contains {"code": "a.first", "msg": "fails"}
      # METADATA
      # custom: {short_name: second, depends_on: a.first}
      deny contains {"code": "a.second", "msg": "follows from the first"}
      # METADATA
      # custom: {short_name: third, depends_on: [a.first, a.passes]}
      deny contains {"code": "a.third", "msg": "has one more reason"}
      # METADATA
      # custom: {short_name: fourth, depends_on: [a.passes, a.unknown]}
      deny contains {"code": "a.fourth", "msg": "is said twice"}
      # METADATA
      # custom: {short_name: passes, depends_on: [a.first]}
      deny contains result if { false; result := {"code": "a.passes", "msg": "unreachable"} }
      deny contains {"code": "a.own", "msg": "a result's own list is ignored", "depends_on": ["a.first"]}
      """
    When "validate image" is run with
      | --info |  |
    Then the violations are: a.first, a.fourth, a.fourth, a.own, a.third
    And the successes are: none
    And the output should match the snapshot

  @result-11
  Scenario: results are ordered by code, term and message
    Given the rules
      """
      package b
      deny contains {"code": "b.x", "msg": "2"}
      deny contains {"code": "b.x", "msg": "10"}
      deny contains {"code": "b.x", "msg": "1", "term": "z"}
      deny contains {"code": "b.x", "msg": "1", "term": ["", "é"]}
      deny contains {"code": "b.x", "msg": "1", "term": "a"}
      deny contains {"code": "B.x", "msg": "3"}
      deny contains "last by message, first by code"
      deny contains "Ä before"
      """
    And a file "rules/a.rego" with
      """
      package a
      deny contains {"code": "a.x", "msg": "first by code"}
      """
    When "validate image" is run
    Then the output should match the snapshot
    And the violations are
      | code | term | message                        |
      |      |      | last by message, first by code |
      |      |      | Ä before                       |
      | B.x  |      | 3                              |
      | a.x  |      | first by code                  |
      | b.x  |      | 10                             |
      | b.x  |      | 2                              |
      | b.x  | a    | 1                              |
      | b.x  | z    | 1                              |
      | b.x  | , é  | 1                              |

  @result-12
  Scenario: an exception removes the results of a rule
    Given the rules
      """
      package a
      deny_one contains {"code": "a.one", "msg": "taken away"}
      deny_two contains {"code": "a.two", "msg": "stays"}
      warn contains {"code": "a.warn", "msg": "taken away"}
      exception contains ["one", ""]
      """
    When "validate image" is run
    Then the violations are: a.two
    And the warnings are: none
    And the output should match the snapshot

  @result-<id>
  Scenario Outline: no results: <what>
    Given the rules
      """
      package <package>
      <rule>
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: no successes, warnings, or failures, check input
      """

    Examples:
      | id | what                                  | package          | rule                                                                               |
      | 13 | a rule without annotation that passes | a                | deny contains result if { false; result := {"code": "a.x", "msg": "unreachable"} } |
      | 14 | helpers only                          | a                | helper := 5                                                                        |
      | 15 | a package within a package            | policy.release.x | deny contains result if { result := {"code": "x.y", "msg": "never heard"} }        |

  @result-16
  Scenario: a rule that contradicts itself ends the validation, and the error names its place
    Given the rules
      """
      package a
      f(x) := 1
      f(x) := 2
      deny contains {"msg": sprintf("%d", [f(input)])}
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: query rule: check: query rule: evaluating policy: …main.rego:3: eval_conflict_error: functions must not produce multiple outputs for same inputs
      """

  @result-17
  Scenario: an exception doesn't hide a result without a message
    Given the rules
      """
      package a
      deny_one contains {"code": "a.dumb", "msg": 5}
      warn contains "seen otherwise"
      exception contains ["one"]
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: query rule: check: query rule: new result: "msg" field must be present and a string
      """

  @result-18
  Scenario: unquoted dates in annotations
    Given the rules
      """
      package a
      # METADATA
      # title: 2020-01-01
      # custom:
      #   short_name: 2020-01-01
      #   solution: 2020-01-01T10:11:12.5+02:00
      #   effective_on: 2020-01-01
      #   depends_on: [2020-01-01T10:11:12.5+02:00, {on: 2020-01-01}, "2020-01-01"]
      #   collections: [dated, 2020-01-01, "2020-01-02"]
      deny contains {"code": "a.2020-01-01 00:00:00 +0000 UTC", "msg": "Told thrice"}
      # METADATA
      # title: Passes
      # custom:
      #   short_name: [2020-01-01]
      deny contains {"code": "a.never", "msg": "unreachable"} if { false }
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"], "config": {"include": ["*", "@2020-01-02", "@2020-01-01T00:00:00Z"]}}]} |
      | --info   |                                                                                                              |
    Then the output should match the snapshot
    And a message is
      """
      Include criterion '@2020-01-01T00:00:00Z' doesn't match any policy rule
      """

  @result-19
  Scenario: a success has all of its rule's annotation but the solution
    Given the rules
      """
      package a
      # METADATA
      # title: Good
      # description: Never fails.
      # custom:
      #   short_name: good
      #   solution: None is needed
      #   severity: warning
      #   collections: [c1]
      #   depends_on: [a.nobody]
      #   effective_on: 2099-01-01T00:00:00Z
      deny contains {"code": "a.good", "msg": "unreachable"} if { false }
      """
    When "validate image" is run with
      | --info |  |
    Then the successes are: a.good
    And the output should match the snapshot

  @result-20
  Scenario: a rule that depends on one of another package, and on one of another source
    Given the rules
      """
      package a
      # METADATA
      # custom:
      #   short_name: silent
      #   depends_on: b.fails
      deny contains {"code": "a.silent", "msg": "What it depends on fails"}
      # METADATA
      # custom:
      #   short_name: heard
      #   depends_on: [c.fails]
      deny contains {"code": "a.heard", "msg": "What it depends on fails elsewhere"}
      """
    And a file "rules/b.rego" with
      """
      package b
      deny contains {"code": "b.fails", "msg": "It does"}
      """
    And a file "others/c.rego" with
      """
      package c
      deny contains {"code": "c.fails", "msg": "It does"}
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}, {"policy": ["./others"]}]} |
    Then the violations are: a.heard, b.fails, c.fails
    And the output should match the snapshot

  @result-21
  Scenario: a warning with the severity of a failure doesn't wait for its date
    Given the rules
      """
      package a
      warn contains {"code": "a.now", "msg": "fails", "severity": "failure", "effective_on": "2099-01-01T00:00:00Z"}
      deny contains {"code": "a.mild", "msg": "warns.", "severity": "warning", "effective_on": "2099-01-01T00:00:00Z"}
      """
    When "validate image" is run
    Then the violations are: a.now
    And the warnings are: a.mild
    And the output should match the snapshot
