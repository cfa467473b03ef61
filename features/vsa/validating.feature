Feature: Validating verification summaries

  `validate vsa` judges the VSA of an image and, where it doesn't count, the image itself.

  Background:
    Given a conforming image "acceptance/image"
    And a VSA signing key named "vsa"
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
    And VSAs name the policy {"sources": [{"policy": ["git::${GITHOST}/git/policies.git//accepting?ref=${policies_COMMIT}"]}]}

  @vsa-70
  Scenario: a VSA that counts passes
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 0
    And standard error is empty
    And the text output should match the snapshot
    And no manifest was fetched

  @vsa-71
  Scenario: the result as JSON
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
      | --output         | json                                                                               |
    Then the exit status should be 0
    And standard error is empty
    And the text output should match the snapshot

  @vsa-72
  Scenario: the result as YAML, and in files
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
      | --output         | yaml=made.yaml                                                                     |
      | --output         | status=made.status                                                                 |
      | --output         | json=made.json                                                                     |
      | --output         | text=made.txt                                                                      |
    Then the exit status should be 0
    And standard error is empty
    And the file "made.yaml" should match the snapshot
    And the file "made.json" should match the snapshot
    And the file "made.txt" should match the snapshot
    And the file "made.status" should match the snapshot

  @vsa-73
  Scenario: only the status is written
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | status | failed |
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
      | --output         | status                                                                             |
      | --strict=false   |                                                                                    |
    Then the exit status should be 0
    And the text output should match the snapshot

  @vsa-74
  Scenario: a VSA by another policy fails
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | policy | {"sources": [{"policy": ["git::${GITHOST}/git/policies.git//refusing?ref=${policies_COMMIT}"]}]} |
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 1
    And standard error is "Error: snapshot validation failed for 1 components\n"
    And the text output should match the snapshot

  @vsa-75
  Scenario: an image without a VSA fails
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 1
    And the text output should match the snapshot
    And standard error is "Error: snapshot validation failed for 1 components: VSA validation failed: failed to check existing VSA: failed to retrieve VSA envelope: no entries found in Rekor for image digest: ${image_DIGEST}\n"

  @vsa-76
  Scenario: a VSA that is too old by days and weeks fails
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age | 25 |
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
      | --vsa-expiration | 1d                                                                                 |
    Then the exit status should be 1
    And the output has the line
      """
        Overall: ❌ FAILED
      """
    And the output has the line
      """
          [1] …${image_SHORT}  VSA=FAILED(reason=expired)
      """

  @vsa-77
  Scenario: a VSA that isn't too old passes
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age | 25 |
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
      | --vsa-expiration | 1w                                                                                 |
    Then the exit status should be 0
    And standard error is empty
    And the output has the line
      """
        Overall: ✅ PASSED
      """

  @vsa-78
  Scenario: a VSA of an image that failed fails
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | status | failed |
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 1
    And the text output should match the snapshot

  @vsa-79
  Scenario: a VSA signed by another key fails
    Given a key pair named "other"
    And the transparency log has a VSA of "acceptance/image" signed by the "other" key
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 1
    And standard error is "Error: snapshot validation failed for 1 components: VSA validation failed: failed to check existing VSA: VSA signature verification failed: signature verification failed: …\n"
    And the output has the line
      """
        Signature: NOT VERIFIED
      """

  @vsa-80
  Scenario: a VSA signed by another key passes where signatures are of no interest
    Given a key pair named "other"
    And the transparency log has a VSA of "acceptance/image" signed by the "other" key
    When "validate vsa" is run with
      | --vsa                           | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy                        | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key                | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback                   |                                                                                    |
      | --vsa-retrieval                 | rekor@${REKOR}                                                                     |
      | --ignore-signature-verification |                                                                                    |
    Then the exit status should be 0
    And standard error is empty
    And the output has the line
      """
        Signature: NOT VERIFIED
      """
    And the output has the line
      """
        Overall: ✅ PASSED
      """

  @vsa-81
  Scenario: an image whose VSA doesn't count is validated instead
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | policy | {"sources": [{"policy": ["git::${GITHOST}/git/policies.git//refusing?ref=${policies_COMMIT}"]}]} |
    When "validate vsa" is run with
      | --vsa                 | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy              | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key      | ${vsa_PUBLIC_KEY}                                                                  |
      | --fallback-public-key | ${known_PUBLIC_KEY}                                                                |
      | --vsa-retrieval       | rekor@${REKOR}                                                                     |
    Then the exit status should be 0
    And standard error is empty
    And the text output should match the snapshot
    And the registry was asked for
      | manifest    | acceptance/image |
      | signature   | acceptance/image |
      | attestation | acceptance/image |

  @vsa-82
  Scenario: an image whose VSA doesn't count, and which doesn't conform, fails
    Given a key pair named "other"
    When "validate vsa" is run with
      | --vsa                 | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy              | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key      | ${vsa_PUBLIC_KEY}                                                                  |
      | --fallback-public-key | ${other_PUBLIC_KEY}                                                                |
      | --vsa-retrieval       | rekor@${REKOR}                                                                     |
      | --output              | json=made.json                                                                     |
    Then the exit status should be 1
    And standard error is "Error: snapshot validation failed for 1 components\n"
    And the file "made.json" should match the snapshot

  @vsa-83
  Scenario: a snapshot fails when one of its images has no VSA
    Given a conforming image "acceptance/second"
    And a file "images.yaml" with
      """
      components:
        - {name: "B", containerImage: "${REGISTRY}/acceptance/second@${second_DIGEST}"}
        - {name: "A", containerImage: "${REGISTRY}/acceptance/image@${image_DIGEST}"}
      """
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate vsa" is run with
      | --images              | images.yaml                                                                        |
      | --policy              | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key      | ${vsa_PUBLIC_KEY}                                                                  |
      | --fallback-public-key | ${known_PUBLIC_KEY}                                                                |
      | --vsa-retrieval       | rekor@${REKOR}                                                                     |
    Then the exit status should be 0
    And standard error is empty
    And the text output should match the snapshot

  @vsa-84
  Scenario: a snapshot passes when each of its images has a VSA
    Given a conforming image "acceptance/second"
    And a file "images.yaml" with
      """
      components:
        - {name: "B", containerImage: "${REGISTRY}/acceptance/second@${second_DIGEST}"}
        - {name: "A", containerImage: "${REGISTRY}/acceptance/image@${image_DIGEST}"}
      """
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    And the transparency log has a VSA of "acceptance/second" signed by the "vsa" key with
      | policy | {"sources": [{"policy": ["git::${GITHOST}/git/policies.git//accepting?ref=${policies_COMMIT}"], "config": {"include": ["a", "b"]}}]} |
    When "validate vsa" is run with
      | --images         | images.yaml                                                                        |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 1
    And the text output should match the snapshot

  @vsa-85
  Scenario: one image that conforms doesn't make up for others that don't
    Given an image named "acceptance/third"
    And a file "images.yaml" with
      """
      components:
        - {name: "0", containerImage: "${REGISTRY}/acceptance/third@${third_DIGEST}"}
        - {name: "A", containerImage: "${REGISTRY}/acceptance/image@${image_DIGEST}"}
      """
    When "validate vsa" is run with
      | --images              | images.yaml                                                                        |
      | --policy              | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key      | ${vsa_PUBLIC_KEY}                                                                  |
      | --fallback-public-key | ${known_PUBLIC_KEY}                                                                |
      | --vsa-retrieval       | rekor@${REKOR}                                                                     |
      | --output              | text                                                                               |
    Then the exit status should be 1
    And the output has the line
      """
        Overall: ❌ FAILED
      """
    And the output has the line
      """
          [1] …${third_SHORT}  VSA=FAILED(reason=no vsa)  Fallback=FAILED
      """
    And the output has the line
      """
          [2] …${image_SHORT}  VSA=FAILED(reason=no vsa)  Fallback=PASSED
      """

  @vsa-86
  Scenario: a VSA in a file passes
    Given a file "vsa.json" with a VSA of "acceptance/image" signed by the "vsa" key
    When "validate vsa" is run with
      | --vsa            | ./vsa.json                                                                         |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
    Then the exit status should be 0
    And standard error is empty
    And the output has the line
      """
        Overall: ✅ PASSED
      """
    And the transparency log received no request

  @vsa-87
  Scenario: a file that isn't there is reported
    When "validate vsa" is run with
      | --vsa            | ./vsa.json                                                                         |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
    Then the exit status should be 1
    And the output has the line
      """
        Fallback reason(s): no vsa
      """

  @vsa-88
  Scenario: a VSA in a file without a signature fails
    Given a file "vsa.json" with a VSA of "acceptance/image" signed by the "vsa" key with
      | signatures | 0 |
    When "validate vsa" is run with
      | --vsa            | ./vsa.json                                                                         |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
    Then the exit status should be 1
    And standard error is "Error: snapshot validation failed for 1 components: VSA validation failed: failed to check existing VSA: failed to retrieve VSA envelope: failed to parse DSSE envelope from file: DSSE envelope missing signatures\n"

  @vsa-89
  Scenario: a VSA in a file that was changed after signing fails
    Given a file "vsa.json" with a VSA of "acceptance/image" signed by the "vsa" key with
      | status               | failed |
      | status after signing | passed |
    When "validate vsa" is run with
      | --vsa            | ./vsa.json                                                                         |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
    Then the exit status should be 1
    And standard error is "Error: snapshot validation failed for 1 components: VSA validation failed: failed to check existing VSA: VSA signature verification failed: signature verification failed: …\n"

  @vsa-90
  Scenario: a VSA of another image fails
    Given a conforming image "acceptance/second"
    And the transparency log has a VSA of "acceptance/second" signed by the "vsa" key with
      | found by | ${image_DIGEST} |
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 1
    And the output has the line
      """
        Overall: ❌ FAILED
      """
    And the output has the line
      """
          [1] …${image_SHORT}  VSA=FAILED(reason=retrieval failed)
      """
    And standard error is "Error: snapshot validation failed for 1 components: VSA validation failed: failed to check existing VSA: failed to extract predicate from VSA envelope: it is about another image than ${image_DIGEST}\n"

  @vsa-91
  Scenario: a predicate of another type fails
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | predicate type | https://slsa.dev/verification_summary/v1 |
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 1
    And the output has the line
      """
        Overall: ❌ FAILED
      """
    And the output has the line
      """
          [1] …${image_SHORT}  VSA=FAILED(reason=retrieval failed)
      """

  @vsa-92
  Scenario: an older VSA that was logged again fails
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | age    | 2 |
      | logged | 0 |
    And the transparency log has a VSA of "acceptance/image" signed by the "vsa" key with
      | status | failed |
      | age    | 1      |
      | logged | 1      |
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 1
    And the output has the line
      """
        Overall: ❌ FAILED
      """
    And the output has the line
      """
          [1] …${image_SHORT}  VSA=FAILED(reason=predicate failed)
      """

  @vsa-93
  Scenario: an image is named by its digest alone
    Given the transparency log has a VSA of "acceptance/image" signed by the "vsa" key
    When "validate vsa" is run with
      | --vsa            | ${image_DIGEST}                                                                    |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | rekor@${REKOR}                                                                     |
    Then the exit status should be 0
    And the output has the line
      """
        Overall: ✅ PASSED
      """

  @vsa-94
  Scenario: a command line with nothing to judge is an error
    When "validate vsa" is run with
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the validation fails with the error
      """
      either --vsa, --images, or VSA identifier must be provided
      """
    And no manifest was fetched

  @vsa-95
  Scenario: a command line without a key for VSAs is an error
    When "validate vsa" is run with
      | --vsa    | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
    Then the validation fails with the error
      """
      --vsa-public-key is required for signature verification (use --ignore-signature-verification to disable signature verification)
      """
    And no manifest was fetched

  @vsa-96
  Scenario: a command line without a key for images is an error
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
    Then the validation fails with the error
      """
      --fallback-public-key is required when --fallback-to-image-validation is enabled
      """
    And no manifest was fetched

  @vsa-97
  Scenario: a command line without a policy is an error
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                            |
      | --no-fallback    |                                              |
    Then the validation fails with the error
      """
      required flag(s) "policy" not set
      """
    And no manifest was fetched

  @vsa-98
  Scenario: a file can't fall back to an image that it doesn't name
    When "validate vsa" is run with
      | --vsa                 | ./vsa.json                                                                         |
      | --policy              | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key      | ${vsa_PUBLIC_KEY}                                                                  |
      | --fallback-public-key | ${known_PUBLIC_KEY}                                                                |
    Then the validation fails with the error
      """
      fallback not supported for file paths (identifier: ./vsa.json)
      """
    And no manifest was fetched

  @vsa-99
  Scenario: an age that can't be read is an error
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-expiration | 1y                                                                                 |
    Then the validation fails with the error
      """
      invalid --vsa-expiration: invalid VSA expiration: time: unknown unit "y" in duration "1y"
      """
    And no manifest was fetched

  @vsa-100
  Scenario: an image and a snapshot together are an error
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --images         | {}                                                                                 |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
    Then the validation fails with the error
      """
      if any flags in the group [vsa images] are set none of the others can be; [images vsa] were all set
      """
    And no manifest was fetched

  @vsa-101
  Scenario: a place where no VSA can be looked for is an error
    When "validate vsa" is run with
      | --vsa            | ${REGISTRY}/acceptance/image@${image_DIGEST}                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --vsa-public-key | ${vsa_PUBLIC_KEY}                                                                  |
      | --no-fallback    |                                                                                    |
      | --vsa-retrieval  | s3@x                                                                               |
    Then the validation fails with the error
      """
      no valid retriever found from flags: [s3@x]
      """
    And no manifest was fetched
