Feature: The policy configuration: where it comes from and what it may contain

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And a folder "rules" with
      | main.rego | policy/named.rego |

  @configuration-<id>
  Scenario Outline: <what>
    Given a file "conf/policy.json" with
      """
      {"name": "from JSON", "sources": [{"policy": ["./rules"]}]}
      """
    And a file "conf/policy.yml" with
      """
      name: from YAML
      sources: [{policy: [./rules]}]
      """
    And a file "conf/object.yaml" with
      """
      apiVersion: appstudio.redhat.com/v1alpha1
      kind: EnterpriseContractPolicy
      metadata: {name: unimportant}
      spec: {name: from an object, sources: [{policy: [./rules]}]}
      """
    When "validate image" is run with
      | --policy | <policy> |
    Then the warnings are: named.seen (app)
    And the output should match the snapshot

    Examples:
      | id | what                                | policy                                                                |
      | 01 | JSON as it is                       | {"description": "as it is", "sources": [{"policy": ["./rules"]}]}     |
      | 02 | YAML as it is                       | sources: [{policy: [./rules], config: {include: ["*"], exclude: []}}] |
      | 03 | a JSON file                         | conf/policy.json                                                      |
      | 04 | a YAML file                         | ./conf/policy.yml                                                     |
      | 05 | an object of the cluster, in a file | conf/object.yaml                                                      |

  @configuration-<id>
  Scenario Outline: the first of several files that a git repository has, <what>
    Given a git repository named "conf" with
      | <first>    | policy/configuration_first.json  |
      | policy.yml | policy/configuration_second.yaml |
    When "validate image" is run with
      | --policy | git::https://${GITHOST}/git/conf.git<more> |
    Then the warnings are: named.seen (app)
    And the output should match the snapshot
    And the git repository "conf" was fetched

    Examples:
      | id | what                 | first                | more      |
      | 06 | in its hidden folder | .ec/policy.yaml      |           |
      | 07 | JSON before YAML     | policy.json          | ?ref=main |
      | 08 | in a folder          | deep/.ec/policy.json | //deep    |

  @configuration-09
  Scenario: a git repository without a configuration
    Given a git repository named "conf" with
      | else.yaml | policy/configuration_second.yaml |
    When "validate image" is run with
      | --policy | git::https://${GITHOST}/git/conf.git |
    Then the validation fails with the error
      """
      no suitable config file found at git::${GITHOST}/git/conf.git?ref=${conf_COMMIT}
      """

  @configuration-10
  Scenario: a file over https
    Given a file "policy.yaml" served over https with
      """
      name: from https
      sources: [{policy: [./rules]}]
      """
    When "validate image" is run with
      | --policy | https://${GITHOST}/files/policy.yaml |
    Then the warnings are: named.seen (app)
    And the output should match the snapshot

  @configuration-<id>
  Scenario Outline: an object in the cluster, named <how>
    Given policy configuration named "release" with specification
      """
      {"name": "from the cluster", "unknown": "dropped", "sources": [{"policy": ["./rules"], "ruleData": {
        "b": 1.50, "a": 12345678901234567890, "c": 9007199254740993, "d": 1e3,
        "e": 9223372036854775807, "f": -9223372036854775809, "g": 1e21
      }}]}
      """
    When "validate image" is run with
      | --policy | <name> |
    Then the warnings are: named.seen (app)
    And the output should match the snapshot
    And the cluster was asked for the policy configuration "release"

    Examples:
      | id | how                      | name               |
      | 11 | with its namespace       | acceptance/release |
      | 12 | in the current namespace | release            |

  @configuration-13
  Scenario: a specification without the rest of the object is an empty policy
    When "validate image" is run with
      | --policy | {"spec": {"sources": [{"policy": ["./nowhere"]}]}} |
    Then the exit status should be 0
    And the successes are: none
    And the output should match the snapshot

  @configuration-14
  Scenario: flags win over the configuration, and show in the report
    Given the policy configuration
      """
      publicKey: missing.pub
      rekorUrl: https://${NOBODY}
      identity: {issuer: https://example.com, subject: nobody}
      description: ""
      configuration: {}
      sources: [{name: "", policy: [./rules], data: [], config: {}, volatileConfig: {exclude: []}, ruleData: {}}]
      """
    When "validate image" is run with
      | --rekor-url | ${REKOR} |
    Then the warnings are: named.seen (app)
    And the output should match the snapshot

  @configuration-<id>
  Scenario Outline: the public key <where>
    Given a secret "signer" with the public key "known"
    And the policy configuration
      """
      publicKey: "<key>"
      sources: [{policy: [./rules]}]
      """
    When "validate image" is run with
      | --public-key= |  |
    Then the violations are: none
    And the warnings are: named.seen (app)
    And the output should match the snapshot

    Examples:
      | id | where                        | key                      |
      | 15 | as text in the configuration | ${known_PUBLIC_KEY_JSON} |
      | 16 | in a file that it names      | ${known_PUBLIC_KEY}      |
      | 17 | in a secret of the cluster   | k8s://acceptance/signer  |

  @configuration-18
  Scenario: an identity on the command line overrides the configuration's key
    Given the policy configuration
      """
      publicKey: ${known_PUBLIC_KEY}
      sources: [{policy: [./rules]}]
      """
    When "validate image" is run with
      | --public-key=          |     |
      | --certificate-identity | foo |
    Then the validation fails with the error
      """
      certificate OIDC issuer must be provided for keyless workflow
      """
    And no manifest was fetched

  @configuration-19
  Scenario: an identity is ignored beside a key on the command line
    Given the policy configuration "sources: [{policy: [./rules]}]"
    When "validate image" is run with
      | --certificate-identity | foo |
    Then the warnings are: named.seen (app)
    And the output should match the snapshot
