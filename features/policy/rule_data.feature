Feature: Rule data

  The message of the policy's warning is the data that it sees.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And a folder "rules" with
      | main.rego | policy/version.rego |

  @data-01
  Scenario: data files of all directories, under their folder's name too
    Given a file "data/one.json" with
      """
      {"k1": {"x": 1.50, "big": 12345678901234567890}, "merged": {"a": {"one": 1}}}
      """
    And a file "data/sub/deep.yml" with
      """
      deep: {y: 010, on: 0x1f, date: 2030-01-01, half: 1.50}
      """
    And a file "more/two.yaml" with
      """
      merged: {a: {two: 2}}
      ---
      second: document
      """
    And a file "more/ignored.YAML" with
      """
      ignored: true
      """
    And a file "rules/ignored.json" with
      """
      {"beside": "rules"}
      """
    And the policy configuration "sources: [{policy: [./rules], data: [./data, ./more]}]"
    When "validate image" is run
    Then a message is
      """
      {"deep":{"date":"2030-01-01","half":1.5,"true":31},"k1":{"big":12345678901234567890,"x":1.50},"merged":{"a":{"one":1,"two":2}},"sub":{"deep":{"date":"2030-01-01","half":1.5,"true":31}}}
      """
    And the output should match the snapshot

  @data-<id>
  Scenario Outline: <what>
    Given a file "data/one.json" with
      """
      {"same": {"key": "value"}}
      """
    And a file "more/<file>" with
      """
      <text>
      """
    And the policy configuration "sources: [{policy: [./rules], data: [./data, ./more]}]"
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: load: load documents: 1 error occurred during loading: …/data/…<error>
      """

    Examples:
      | id | what                                          | file     | text                                   | error                                     |
      | 02 | the same key twice, though equal              | two.json | {"same": {"key": "value"}}             | .json: merge error                        |
      | 03 | a value where an object is                    | two.yaml | same: text                             | : merge error                             |
      | 04 | data that is no object                        | two.json | [1, 2]                                 | two.json: document must be of type object |
      | 05 | JSON that ends too early                      | two.json | {"a":                                  | two.json: unexpected EOF                  |
      | 06 | a time of its own against the configuration's | two.json | {"config": {"policy": {"when_ns": 1}}} | : merge error                             |

  @data-07
  Scenario: each source has rule data of its own, merged with what its files say
    Given a file "data/rule_data.json" with
      """
      {"rule_data__configuration__": {"from": {"file": 1}}, "shared": false}
      """
    And the policy configuration
      """
      sources:
        - {policy: [./rules], data: [./data], ruleData: {from: {configuration: 2}, number: 1.50}}
        - {policy: [./rules], ruleData: {only: second}}
        - {policy: [./rules]}
      """
    When "validate image" is run
    Then a message is
      """
      {"rule_data__configuration__":{"from":{"configuration":2,"file":1},"number":1.5},"shared":false}
      """
    And a message is
      """
      {"rule_data__configuration__":{"only":"second"}}
      """
    And a message is
      """
      {}
      """
    And the output should match the snapshot

  @data-08
  Scenario: data over git is cloned once for all sources
    Given a git repository named "facts" with
      | facts.yaml | policy/data/facts.yaml |
    And the policy configuration
      """
      sources:
        - {policy: [./rules], data: ["git::https://${GITHOST}/git/facts.git"]}
        - {policy: [./rules], data: ["git::https://${GITHOST}/git/facts.git"]}
      """
    When "validate image" is run
    Then the warnings are: version.seen, version.seen
    And the repository "facts" was cloned once
    And the output should match the snapshot

  @data-09
  Scenario: the data that the command itself adds
    Given the rules
      """
      package told
      warn contains sprintf("rekor %s, ignored %v, key %v, identity %q, file %s", [
        data.config.default_sigstore_opts.rekor_url,
        data.config.default_sigstore_opts.ignore_rekor,
        startswith(data.config.default_sigstore_opts.public_key, "-----BEGIN PUBLIC KEY-----\n"),
        data.config.default_sigstore_opts.certificate_identity,
        data.conftest.file.name,
      ])
      """
    When "validate image" is run with
      | --policy    | {"sources": [{"policy": ["./rules"]}]} |
      | --rekor-url | https://rekor.example.com              |
    Then a message is
      """
      rekor https://rekor.example.com, ignored true, key true, identity "", file input.json
      """
    And the output should match the snapshot

  @data-10
  Scenario: rule data from the command line is text, wherever it comes from
    Given a file "lists/allowed.yaml" with
      """
      allowed: [a, b]
      """
    When "validate image" is run with
      | --policy          | {"sources": [{"policy": ["./rules"], "ruleData": {"a": "lost", "kept": [1]}}, {"policy": ["./rules"]}]} |
      | --extra-rule-data | a=1,b=x=y,"c={""x"":1}"                                                                                 |
      | --extra-rule-data | empty=                                                                                                  |
      | --extra-rule-data | file=lists/allowed.yaml                                                                                 |
      | --extra-rule-data | nofile=lists/none.yaml                                                                                  |
      | --extra-rule-data | b=later                                                                                                 |
    Then a message is
      """
      {"rule_data__configuration__":{"a":"1","b":"later","c":"{\"x\":1}","empty":"","file":"allowed: [a, b]","nofile":"lists/none.yaml"}}
      """
    And the output should match the snapshot

  @data-11
  Scenario: rule data from a git repository
    Given a git repository named "facts" with
      | policy.yaml | policy/data/facts.yaml |
    When "validate image" is run with
      | --policy          | {"sources": [{"policy": ["./rules"]}]}      |
      | --extra-rule-data | facts=git::https://${GITHOST}/git/facts.git |
    Then the warnings are: version.seen
    And the output should match the snapshot
    And the git repository "facts" was fetched

  @data-12
  Scenario: rule data without a key is rejected, by its position, once for each source
    When "validate image" is run with
      | --policy          | {"sources": [{"policy": ["./rules"]}, {"policy": ["./rules"]}]} |
      | --extra-rule-data | a=1,b                                                           |
    Then the validation fails with the error
      """
      incorrect syntax for --extra-rule-data 1
      incorrect syntax for --extra-rule-data 1
      """
    And no manifest was fetched

  @data-13
  Scenario: quotes in rule data follow the rules of CSV
    When "validate image" is run with
      | --policy          | {"sources": [{"policy": ["./rules"]}]} |
      | --extra-rule-data | b={"x":1}                              |
    Then the command line is rejected with the error
      """
      invalid argument "b={\"x\":1}" for "--extra-rule-data" flag: parse error on line 1, column 4: bare " in non-quoted-field
      """
    And no manifest was fetched

  @data-14
  Scenario: rule data in the cluster that isn't an object reaches the rules as it is

    Nobody there holds it against a schema.

    Given policy configuration named "odd" with specification
      """
      {"sources": [
        {"policy": ["./rules"], "ruleData": "text"},
        {"policy": ["./rules"], "ruleData": [1, {"a": "b"}]},
        {"policy": ["./rules"], "ruleData": 0},
        {"policy": ["./rules"], "ruleData": ""},
        {"policy": ["./rules"], "ruleData": []}
      ]}
      """
    When "validate image" is run with
      | --policy | acceptance/odd |
    Then a message is
      """
      {"rule_data__configuration__":"text"}
      """
    And a message is
      """
      {"rule_data__configuration__":[1,{"a":"b"}]}
      """
    And a message is
      """
      {"rule_data__configuration__":0}
      """
    And a message is
      """
      {"rule_data__configuration__":""}
      """
    And a message is
      """
      {"rule_data__configuration__":[]}
      """
    And the output should match the snapshot

  @data-15
  Scenario: rule data from the command line has no place in what isn't an object
    Given policy configuration named "odd" with specification
      """
      {"sources": [
        {"policy": ["./rules"], "ruleData": "text"},
        {"policy": ["./rules"], "ruleData": []},
        {"policy": ["./rules"], "ruleData": {}}
      ]}
      """
    When "validate image" is run with
      | --policy          | acceptance/odd |
      | --extra-rule-data | a=1,b          |
    Then the validation fails with the error
      """
      unable to parse ruledata into standard JSON object
      unable to parse ruledata into standard JSON object
      incorrect syntax for --extra-rule-data 1
      """
    And no manifest was fetched
