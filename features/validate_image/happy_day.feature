Feature: An image that conforms

  One image, signed and attested by a known key with entries in the transparency log, and a policy that accepts it.

  @happy-01
  Scenario: happy day with the layer cache switched on

    The scenario that people who write such scenarios know by heart. It can't say anything of the layer cache: its two
    components have equal references and so are merged into one, its policy reads no file and its image has no label
    that makes anything read a layer. It stays because everything else has to work for it; what it meant to say of
    the cache is said in layers.feature.

    Given a key pair named "known"
    And an image named "acceptance/ec-happy-day"
    And a valid image signature of "acceptance/ec-happy-day" image signed by the "known" key
    And a valid attestation of "acceptance/ec-happy-day" signed by the "known" key
    And a git repository named "happy-day-policy" with
      | main.rego | happy_day.rego |
    And policy configuration named "ec-policy" with specification
      """
      {"sources": [{"policy": ["git::https://${GITHOST}/git/happy-day-policy.git"]}]}
      """
    And the environment variable is set "EC_CACHE=true"
    When ec command is run with "validate image --json-input {"components":[{"name":"A","containerImage":"${REGISTRY}/acceptance/ec-happy-day"},{"name":"B","containerImage":"${REGISTRY}/acceptance/ec-happy-day"}]} --policy acceptance/ec-policy --rekor-url ${REKOR} --public-key ${known_PUBLIC_KEY} --show-successes --output json"
    Then the exit status should be 0
    And the output should match the snapshot
    And standard error is empty
    And the registry was asked for
      | manifest    | acceptance/ec-happy-day |
      | signature   | acceptance/ec-happy-day |
      | attestation | acceptance/ec-happy-day |
    And no layer was fetched
    And the transparency log was asked for
      | signature   | acceptance/ec-happy-day |
      | attestation | acceptance/ec-happy-day |
    And the git repository "happy-day-policy" was fetched
    And the cluster was asked for the policy configuration "ec-policy"

  @happy-02
  Scenario Outline: the same image, given with <flag>
    Given a key pair named "known"
    And an image named "acceptance/ec-happy-day"
    And a valid image signature of "acceptance/ec-happy-day" image signed by the "known" key
    And a valid attestation of "acceptance/ec-happy-day" signed by the "known" key
    And a git repository named "happy-day-policy" with
      | main.rego | happy_day.rego |
    And a file "images.yaml" with
      """
      components:
        - name: Unnamed
          containerImage: ${REGISTRY}/acceptance/ec-happy-day
      """
    When "validate image" is run with
      | <flag>       | <value>                                                                                                    |
      | --policy     | {"sources": [{"policy": ["git::https://${GITHOST}/git/happy-day-policy.git"]}], "rekorUrl": "${REKOR}"}    |
      | --public-key | ${known_PUBLIC_KEY}                                                                                        |
      | --output     | json                                                                                                       |
    Then the exit status should be 0
    And the output should match the snapshot
    And standard error is empty
    And the registry was asked for
      | signature   | acceptance/ec-happy-day |
      | attestation | acceptance/ec-happy-day |

    Examples:
      | flag         | value                                                                                          |
      | --image      | ${REGISTRY}/acceptance/ec-happy-day                                                            |
      | --images     | images.yaml                                                                                    |
      | --images     | {"components":[{"name":"Unnamed","containerImage":"${REGISTRY}/acceptance/ec-happy-day"}]}     |
      | --file-path  | images.yaml                                                                                    |
      | --json-input | {"components":[{"name":"Unnamed","containerImage":"${REGISTRY}/acceptance/ec-happy-day"}]}     |

  @happy-03
  Scenario Outline: the report as <format>, on standard output and in a file
    Given a key pair named "known"
    And an image named "acceptance/ec-happy-day"
    And a valid image signature of "acceptance/ec-happy-day" image signed by the "known" key
    And a valid attestation of "acceptance/ec-happy-day" signed by the "known" key
    And a git repository named "happy-day-policy" with
      | main.rego | happy_day.rego |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/ec-happy-day                                                  |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/happy-day-policy.git"]}]}      |
      | --public-key     | ${known_PUBLIC_KEY}                                                                  |
      | --ignore-rekor   |                                                                                      |
      | --show-successes |                                                                                      |
      | --output         | <format>                                                                             |
      | --output         | <format>=report                                                                      |
    Then the exit status should be 0
    And the <format> output should match the snapshot
    And the file "report" equals the output
    And the transparency log received no request

    Examples:
      | format |
      | json   |
      | yaml   |
      | text   |
