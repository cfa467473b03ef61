Feature: Reading rules: annotations, capabilities, and errors that name file and line

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And the policy configuration "sources: [{policy: [./rules]}]"

  @loading-01
  Scenario: annotations of rule, document and package
    Given the rules
      """
      # METADATA
      # title: The package
      # custom: {collections: [ignored]}
      package policy
      # METADATA
      # scope: document
      # title: The document
      # custom: {short_name: document}

      # METADATA
      # title: The rule
      # custom: {short_name: rule}
      deny contains result if { result := {"code": "policy.rule", "msg": "The rule"} }
      warn contains {"code": "policy.document", "msg": "The document has no such code: its path is another rule's"}
      """
    When "validate image" is run with
      | --info |  |
    Then the violations are: policy.rule
    And the output should match the snapshot

  @loading-02
  Scenario: members of an annotation in all their forms
    Given the rules
      """
      package a
      # METADATA
      # title: Spelled
      # description: See xref:policy:ROOT:packages/release_x.adoc#sec[the page] and xref:foo[bar baz].
      # custom:
      #   short_name: 12
      #   solution: Look at xref:policy:ROOT:packages/release_x.adoc#sec[Label x] then xref:foo[bar].
      #   effective_on: 2099-02-02
      #   collections: [c1, 5, c2]
      #   depends_on: [a.other, 7]
      #   unknown: {member: [1]}
      deny contains result if { result := {"code": "a.12", "msg": "Spelled"} }
      # METADATA
      # title: Quoted
      # custom: {short_name: quoted, effective_on: "2099-02-02", collections: c1}
      deny contains result if { result := {"code": "a.quoted", "msg": "Quoted"} }
      """
    When "validate image" is run with
      | --info |  |
    Then the violations are: a.quoted
    And the warnings are: a.12, a.12
    And the log has the warning
      """
      Invalid "effective_on" value "2099-02-02"
      """
    And the output should match the snapshot

  @loading-03
  Scenario: a rule without annotation gets its code from its body
    Given the rules
      """
      package main
      deny contains result if {
        helper := {"code": "other.first", "msg": "the first object with a code counts"}
        result := {"code": "main.second", "msg": helper.msg}
      }
      """
    And the policy configuration "sources: [{policy: [./rules], config: {include: [other, main]}}]"
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: no successes, warnings, or failures, check input
      """

  @loading-04
  Scenario: test files are loaded with the policy, and their rules count
    Given the rules
      """
      package a
      deny contains result if { result := {"code": "a.one", "msg": "from the policy"} }
      """
    And a file "rules/main_test.rego" with
      """
      package a
      deny contains result if { result := {"code": "a.test", "msg": "from the test"} }
      """
    When "validate image" is run
    Then the violations are: a.one, a.test
    And the output should match the snapshot

  @loading-05
  Scenario: packages of several sources merge, and libraries are found
    Given the rules
      """
      package a
      import data.lib.texts
      deny contains result if { result := {"code": "a.one", "msg": texts.greeting("one")} }
      """
    And a file "more/lib/texts.rego" with
      """
      package lib.texts
      greeting(name) := sprintf("Hello %s", [name])
      """
    And a file "more/a.rego" with
      """
      package a
      deny contains result if { result := {"code": "a.two", "msg": data.lib.texts.greeting("two")} }
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules", "./more"]}]} |
    Then the violations are: a.one, a.two
    And the output should match the snapshot

  @loading-<id>
  Scenario Outline: rejected when read: <what>
    Given the rules
      """
      package a
      <first>
      <second>
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: <error>
      """

    Examples:
      | id | what | first | second | error |
      | 06 | a number | helper := 1 | deny contains 5 if true | the rule "deny contains 5 if { true }" returns an unsupported value, at main.rego:3 |
      | 07 | a rule that is only true | deny if { true } |  | the rule "deny = true if { true }" returns an unsupported value, at main.rego:2 |
      | 09 | the syntax of Rego before 1 | deny[msg] { msg := "x" } |  | …main.rego:2: rego_parse_error: … |
      | 10 | an annotation that is no YAML | # METADATA | # title: [ | 1 error occurred: main.rego:…: rego_parse_error: … |
      | 11 | several errors, each by its line | deny contains { | ) | …main.rego:…rego_parse_error: … |

  @loading-12
  Scenario: two rules with one code
    Given the rules
      """
      package a
      # METADATA
      # custom: {short_name: x}
      deny contains result if { result := {"code": "a.x", "msg": "x"} }
      """
    And a file "more/a.rego" with
      """
      package a
      # METADATA
      # custom: {short_name: x}
      warn contains result if { result := {"code": "a.x", "msg": "x"} }
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules", "./more"]}]} |
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: found a second rule with the same code: `a.x`
      """

  @loading-08
  Scenario: an annotated helper that only returns true
    Given the rules
      """
      package a
      # METADATA
      # title: Helper
      # custom: {short_name: helper}
      helper if { true }
      unannotated if { true }
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: the rule "# METADATA\n# {\"custom\":{\"short_name\":\"helper\"},\"scope\":\"rule\",\"title\":\"Helper\"}\nhelper = true if { true }" returns an unsupported value, at main.rego:5
      """
