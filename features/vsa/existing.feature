Feature: A verification summary in place of a validation

  With `--vsa-upload rekor@…` and an age above zero a VSA in the log that is signed, young, about the image, passed and
  by the same policy makes the validation unnecessary. The images here aren't signed: whoever takes a VSA that doesn't
  count lets one pass that would be refused.

  Background:
    Given a key pair named "known"
    And a VSA signing key named "vsa"
    And an image named "acceptance/image"
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
    And VSAs name the policy {"sources": [{"policy": ["git::${GITHOST}/git/policies.git//accepting?ref=${policies_COMMIT}"]}]}

  @vsa-40
  Scenario: a VSA that counts takes the place of the validation
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 0
    And standard error is empty
    And the transparency log was searched for "acceptance/image"
    And no manifest was fetched
    And the output should match the snapshot

  @vsa-41
  Scenario: without a VSA the image is validated
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: failed to retrieve VSA envelope: no entries found in Rekor for image digest: ${image_DIGEST}"
      """

  @vsa-42
  Scenario: a VSA that is too old doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age | 169 |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-43
  Scenario: a VSA of any age counts where that is asked for
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age | 169 |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --vsa-expiration | 170h                                                                               |
    Then the exit status should be 0
    And standard error is empty
    And the transparency log was searched for "acceptance/image"
    And no manifest was fetched

  @vsa-44
  Scenario: an expiration of zero has no VSA looked for
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --vsa-expiration | 0                                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log wasn't searched

  @vsa-45
  Scenario: a VSA of an image that failed doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | status | failed |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-46
  Scenario: a VSA signed by another key doesn't count
    Given a key pair named "other"
    And the transparency log has a VSA of "acceptance/image" signed by the "other" key
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: VSA signature verification failed: signature verification failed: …"
      """

  @vsa-47
  Scenario: a VSA without a signature doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | signatures | 0 |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: …"
      """

  @vsa-48
  Scenario: a VSA whose verdict was changed after signing doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | status               | failed |
      | status after signing | passed |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: VSA signature verification failed: signature verification failed: …"
      """

  @vsa-49
  Scenario: a VSA of another image, found under this one's digest, doesn't count
    Given an image named "acceptance/second"
    And the transparency log has a VSA of "acceptance/second" signed by the "vsa" key with
      | found by | ${image_DIGEST} |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: failed to extract predicate from VSA envelope: it is about another image than ${image_DIGEST}"
      """

  @vsa-50
  Scenario: a VSA whose subject isn't the image that it names doesn't count
    Given an image named "acceptance/second"
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | subject  | ${second_DIGEST} |
      | found by | ${image_DIGEST}  |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: failed to extract predicate from VSA envelope: it is about another image than ${image_DIGEST}"
      """

  @vsa-51
  Scenario: a predicate of another type doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | predicate type | https://slsa.dev/verification_summary/v1 |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: failed to extract predicate from VSA envelope: the predicate is of the type 'https://slsa.dev/verification_summary/v1', not https://conforma.dev/verification_summary/v1"
      """

  @vsa-52
  Scenario: a predicate without a statement about any image doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | bare     | true            |
      | found by | ${image_DIGEST} |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: failed to extract predicate from VSA envelope: the predicate is of the type '', not https://conforma.dev/verification_summary/v1"
      """

  @vsa-53
  Scenario: an envelope with a payload of another type doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | payload type | application/vnd.other+json |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: failed to extract predicate from VSA envelope: the payload is of the type application/vnd.other+json, not application/vnd.in-toto+json"
      """

  @vsa-54
  Scenario: a VSA by another policy doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | policy | {"sources": [{"policy": ["git::${GITHOST}/git/policies.git//refusing?ref=${policies_COMMIT}"]}]} |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-55
  Scenario: a VSA by a policy that excludes more doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | policy | {"sources": [{"policy": ["git::${GITHOST}/git/policies.git//accepting?ref=${policies_COMMIT}"], "config": {"exclude": ["main.refused"]}}]} |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-56
  Scenario: a VSA by a policy with other rule data doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | policy | {"sources": [{"policy": ["git::${GITHOST}/git/policies.git//accepting?ref=${policies_COMMIT}"], "ruleData": {"allowed": ["all"]}}]} |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-57
  Scenario: a VSA by a policy that had the image signed by another key doesn't count
    Given a key pair named "other"
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | public key | other |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-58
  Scenario: an older VSA that was logged again after the image failed doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age    | 2 |
      | logged | 0 |
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | status | failed |
      | age    | 1      |
      | logged | 1      |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-59
  Scenario: a VSA counts though another's was logged later
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age    | 2 |
      | logged | 2 |
    And a key pair named "other"
    And the transparency log has a VSA of "acceptance/image" signed by the "other" key with
      | status | failed |
      | logged | 0      |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 0
    And standard error is empty
    And the transparency log was searched for "acceptance/image"
    And no manifest was fetched

  @vsa-60
  Scenario: a VSA without a verdict doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | status |  |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-61
  Scenario: a VSA from the future doesn't count
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age | -48 |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-62
  Scenario: no VSA is looked for where rules are judged at another time than now
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --effective-time | 2099-01-01T00:00:00Z                                                               |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log wasn't searched

  @vsa-68
  Scenario: no VSA is looked for where flags name an identity
    Given the roots of trust are in files
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate image" is run with
      | --image                    | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy                   | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --certificate-identity     | builder@acceptance.test                                                            |
      | --certificate-oidc-issuer  | https://issuer.acceptance.test                                                     |
      | --rekor-url                | ${REKOR}                                                                           |
      | --output                   | json                                                                               |
      | --vsa-upload               | rekor@${REKOR}                                                                     |
      | --vsa-public-key           | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log wasn't searched

  @vsa-63
  Scenario: no VSA is looked for where only a tag names the image
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image                                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image: failed to check existing VSA: failed to retrieve VSA envelope: failed to extract image digest from identifier: identifier '${REGISTRY}/acceptance/image' does not contain a valid image digest"
      """
    And the transparency log wasn't searched

  @vsa-64
  Scenario: a log that can't be asked leaves the image to be validated
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    And the transparency log fails with status 400
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --ignore-rekor   |                                                                                    |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: failed to retrieve VSA envelope: failed to search Rekor for image digest: failed to search Rekor index: [POST /api/v1/index/retrieve][400] searchIndexBadRequest …"
      """

  @vsa-65
  Scenario: a public key for VSAs that isn't there ends the run
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | nowhere.pub                                                                        |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
    And the standard error has the line
      """
      time="…" level=warning msg="Failed to validate existing VSA for image ${REGISTRY}/acceptance/image@${image_DIGEST}: failed to check existing VSA: VSA signature verification failed: failed to load public key: …"
      """

  @vsa-66
  Scenario: an image whose VSA counts gets no new one
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age | 100 |
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | json                                                                               |
      | --vsa-upload             | rekor@${REKOR}                                                                     |
      | --vsa-public-key         | ${vsa_PUBLIC_KEY}                                                                  |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
    Then the exit status should be 0
    And standard error is "time=… level=warning msg="No VSA is made for ${REGISTRY}/acceptance/image@${image_DIGEST}: it has one, and wasn't validated now"\n"
    And the transparency log was given nothing
    And there is no folder "made"

  @vsa-67
  Scenario: of several images those without a VSA are validated
    Given an image named "acceptance/second"
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    And a file "images.yaml" with
      """
      components:
        - {name: A, containerImage: "${REGISTRY}/acceptance/image@${image_DIGEST}"}
        - {name: B, containerImage: "${REGISTRY}/acceptance/second@${second_DIGEST}"}
      """
    When "validate image" is run with
      | --images         | images.yaml                                                                        |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | B         | builtin.attestation.signature_check |
      | B         | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/second"

  @vsa-102
  Scenario: a VSA of an image that another key had to sign doesn't count, though no rules are asked for
    Given a key pair named "other"
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | public key | other |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST} |
      | --policy         | {"sources": []}                              |
      | --public-key     | ${known_PUBLIC_KEY}                          |
      | --rekor-url      | ${REKOR}                                     |
      | --output         | json                                         |
      | --vsa-upload     | rekor@${REKOR}                               |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                            |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

  @vsa-103 @vsa-103.<id>
  Scenario Outline: of a VSA that passed and one that failed in the same second the latter counts, <when> logged
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age       | 1                    |
      | logged    | <passed>             |
      | timestamp | 2024-01-01T00:00:00Z |
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | status    | failed               |
      | logged    | <failed>             |
      | timestamp | 2024-01-01T00:00:00Z |
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json                                                                               |
      | --vsa-upload     | rekor@${REKOR}                                                                     |
      | --vsa-expiration | 876000h                                                                            |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"

    Examples:
      | id | when  | passed | failed |
      | 01 | first | 0      | 1      |
      | 02 | last  | 1      | 0      |

  @vsa-104
  Scenario: a VSA by the rules of a folder doesn't count for those of another, wherever the folder stands
    Given VSAs name the policy {"sources": [{"policy": ["git::${GITHOST}/git/more.git?ref=main//lenient"]}]}
    And a git repository named "more" with
      | main.rego | happy_day.rego |
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image@${image_DIGEST}                        |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/more.git"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                 |
      | --rekor-url      | ${REKOR}                                                            |
      | --output         | json                                                                |
      | --vsa-upload     | rekor@${REKOR}                                                      |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                   |
    Then the exit status should be 1
    And the violations are
      | component | code                                |
      | Unnamed   | builtin.attestation.signature_check |
      | Unnamed   | builtin.image.signature_check       |
    And the transparency log was searched for "acceptance/image"
