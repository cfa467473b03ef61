Feature: What a validator doesn't claim, it refuses

  A flag that is taken and does nothing is worse than none: whoever wrote it relies on it. These scenarios are about
  validators that don't claim a profile (docs/conformance.md, "Profiles"); to all others they don't apply.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"
    And a conforming image "acceptance/app"
    And a folder "rules" with
      | main.rego | server/serving.rego |

  @refusal-01 @unclaimed-vsa
  Scenario: summaries aren't made
    Given a VSA signing key named "vsa"
    When "validate image" is run with
      | --vsa             |                    |
      | --vsa-signing-key | ${vsa_SIGNING_KEY} |
    Then the command line is refused

  @refusal-02 @unclaimed-vsa
  Scenario: summaries aren't believed
    Given a VSA signing key named "vsa"
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
    And VSAs name the policy {"sources": [{"policy": ["git::${GITHOST}/git/policies.git//accepting?ref=${policies_COMMIT}"]}]}
    And the transparency log has a VSA of "acceptance/app" signed by the "vsa" key
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/app@${app_DIGEST}                                           |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the command line is refused

  @refusal-03 @unclaimed-keyless
  Scenario: identities aren't judged, and the key doesn't stand in for them
    When "validate image" is run with
      | --certificate-identity    | builder@acceptance.test        |
      | --certificate-oidc-issuer | https://issuer.acceptance.test |
    Then the command line is refused

  @refusal-04 @unclaimed-server
  Scenario: nothing is served
    When the server begins to start with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    And the validation ends soon
    Then the command line is refused

  @refusal-05 @unclaimed-policy
  Scenario Outline: files and rules aren't judged or listed: <command>
    Given a file "file.yaml" with
      """
      fine: 1
      """
    When ec command is run with "<command>"
    Then the command line is refused

    Examples: commands
      | command                                                                  |
      | validate input file.yaml --policy {"sources": [{"policy": ["./rules"]}]} |
      | inspect policy --source ./rules                                          |

  @refusal-06 @unclaimed-outputs
  Scenario Outline: reports have no other format: <format>
    When "validate image" is run with
      | --output | <format> |
    Then the command line is refused

    Examples: formats
      | format           |
      | text             |
      | summary          |
      | junit            |
      | sarif            |
      | yaml             |
      | appstudio        |
      | summary-markdown |
      | attestation      |
      | policy-input     |

  @refusal-07 @unclaimed-scale
  Scenario: images aren't judged in several processes
    When "validate image" is run with
      | --policy    | {"sources": [{"policy": ["./rules"]}]} |
      | --processes | 2                                      |
    Then the command line is refused
