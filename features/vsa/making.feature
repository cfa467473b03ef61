Feature: Making verification summaries

  `--vsa` writes the result for each image as an attestation of its own, signed or bare, after the report.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"
    And a VSA signing key named "vsa"
    And an image that passes
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
      | refusing/main.rego  | refusing.rego  |

  @vsa-01
  Scenario: a VSA is written as a bare predicate
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | text                                                                               |
      | --vsa                    |                                                                                    |
      | --attestation-format     | predicate                                                                          |
      | --attestation-output-dir | made                                                                               |
    Then the exit status should be 0
    And standard error is empty
    And the folder "made" has exactly the files
      | vsa-Unnamed.json |
    And the file "made/vsa-Unnamed.json" has the mode 600
    And the file "made/vsa-Unnamed.json" should match the snapshot

  @vsa-02
  Scenario: a VSA of an image that doesn't conform is signed and says so
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                      |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//refusing"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                               |
      | --rekor-url              | ${REKOR}                                                                          |
      | --output                 | text                                                                              |
      | --vsa                    |                                                                                   |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                |
      | --attestation-output-dir | made                                                                              |
    Then the exit status should be 1
    And standard error is "time=… level=error msg="[VSA] VSA files generated but not uploaded (no --vsa-upload backends specified)"\nError: success criteria not met\n"
    And the folder "made" has exactly the files
      | vsa-Unnamed.json              |
      | vsa-Unnamed.json.intoto.jsonl |
    And the file "made/vsa-Unnamed.json.intoto.jsonl" has the mode 644
    And the file "made/vsa-Unnamed.json" should match the snapshot
    And the envelope "made/vsa-Unnamed.json.intoto.jsonl" attests "made/vsa-Unnamed.json" of "acceptance/image" by the "vsa" key
    And the transparency log was given nothing

  @vsa-03
  Scenario: the VSA of an index counts what was found about its images
    Given an image "acceptance/multi" for the architectures "amd64, arm64", all conforming
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/multi                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --ignore-rekor           |                                                                                    |
      | --output                 | json                                                                               |
      | --output                 | vsa=run.vsa.json                                                                   |
      | --show-successes         |                                                                                    |
      | --vsa                    |                                                                                    |
      | --attestation-format     | predicate                                                                          |
      | --attestation-output-dir | made                                                                               |
    Then the exit status should be 0
    And the folder "made" has exactly the files
      | vsa-Unnamed-*.json |
      | vsa-Unnamed-*.json |
      | vsa-Unnamed.json   |
    And the file "made/vsa-Unnamed.json" should match the snapshot
    And the file "run.vsa.json" should match the snapshot

  @vsa-04
  Scenario: without a folder for them each VSA is written to one of its own
    When "validate image" is run with
      | --image           | ${REGISTRY}/acceptance/image                                                       |
      | --policy          | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key      | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url       | ${REKOR}                                                                           |
      | --output          | text                                                                               |
      | --vsa             |                                                                                    |
      | --vsa-signing-key | ${vsa_SIGNING_KEY}                                                                 |
    Then the exit status should be 0
    And the temporary folder has exactly the VSA files
      | snapshot-predicate-*/application-snapshot-vsa.json              |
      | snapshot-predicate-*/application-snapshot-vsa.json.intoto.jsonl |
      | vsa-*/vsa-Unnamed.json                                          |
      | vsa-*/vsa-Unnamed.json.intoto.jsonl                             |
    And the temporary file "snapshot-predicate-*/application-snapshot-vsa.json" should match the snapshot

  @vsa-05
  Scenario: the password of the signing key is taken from the variable named after it
    Given a VSA signing key named "locked" with the password "secret"
    And the variable named after the VSA signing key "locked" is "secret"
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | text                                                                               |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${locked_SIGNING_KEY}                                                              |
      | --attestation-output-dir | made                                                                               |
    Then the exit status should be 0
    And the envelope "made/vsa-Unnamed.json.intoto.jsonl" attests "made/vsa-Unnamed.json" of "acceptance/image" by the "locked" key

  @vsa-06
  Scenario: the password in cosign's own variable isn't used
    Given a VSA signing key named "locked" with the password "secret"
    And the environment variable is set "COSIGN_PASSWORD=secret"
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | text=report.txt                                                                    |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${locked_SIGNING_KEY}                                                              |
      | --attestation-output-dir | made                                                                               |
    Then the validation fails with the error
      """
      load private key "${locked_SIGNING_KEY}": decrypt: encrypted: decryption failed
      """
    And there is no folder "made"

  @vsa-07
  Scenario: a signing key that isn't encrypted is refused
    When "validate image" is run with
      | --image           | ${REGISTRY}/acceptance/image                                                       |
      | --policy          | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key      | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url       | ${REKOR}                                                                           |
      | --output          | text=report.txt                                                                    |
      | --vsa             |                                                                                    |
      | --vsa-signing-key | ${vsa_PRIVATE_KEY}                                                                 |
    Then the validation fails with the error
      """
      load private key "${vsa_PRIVATE_KEY}": unsupported pem type: PRIVATE KEY
      """

  @vsa-08
  Scenario: a signing key that isn't there is an error
    When "validate image" is run with
      | --image           | ${REGISTRY}/acceptance/image                                                       |
      | --policy          | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key      | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url       | ${REKOR}                                                                           |
      | --output          | text=report.txt                                                                    |
      | --vsa             |                                                                                    |
      | --vsa-signing-key | nowhere.key                                                                        |
    Then the validation fails with the error
      """
      resolve private key "nowhere.key": read key from file "nowhere.key": open nowhere.key: no such file or directory
      """

  @vsa-09
  Scenario: a folder that is neither below /tmp nor below the working directory is refused
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | text=report.txt                                                                    |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | /etc/x/../vsa                                                                      |
    Then the validation fails with the error
      """
      invalid attestation output directory: attestation output directory must be under /tmp or current working directory, got: /etc/vsa
      """

  @vsa-10
  Scenario: envelopes without a signing key are an error
    When "validate image" is run with
      | --image      | ${REGISTRY}/acceptance/image                                                       |
      | --policy     | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url  | ${REKOR}                                                                           |
      | --vsa        |                                                                                    |
    Then the validation fails with the error
      """
      --vsa-signing-key required for --attestation-format=dsse
      """
    And no manifest was fetched

  @vsa-11
  Scenario: an attestation format that isn't known is an error
    When "validate image" is run with
      | --image              | ${REGISTRY}/acceptance/image                                                       |
      | --policy             | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key         | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url          | ${REKOR}                                                                           |
      | --vsa                |                                                                                    |
      | --attestation-format | jws                                                                                |
    Then the validation fails with the error
      """
      invalid --attestation-format: jws (valid: dsse, predicate)
      """

  @vsa-12
  Scenario: the signing key is ignored for bare predicates
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | text                                                                               |
      | --vsa                    |                                                                                    |
      | --attestation-format     | predicate                                                                          |
      | --vsa-signing-key        | nowhere.key                                                                        |
      | --attestation-output-dir | made                                                                               |
    Then the exit status should be 0
    And standard error is "time=… level=warning msg="--vsa-signing-key is ignored for --attestation-format=predicate"\n"
    And the folder "made" has exactly the files
      | vsa-Unnamed.json |

  @vsa-13
  Scenario: an image that isn't there has no VSA, and the run has one
    When "validate image" is run with
      | --image                  | ${NOBODY}/acceptance/image                                                         |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | text                                                                               |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
    Then the exit status should be 1
    And the standard error has the line
      """
      time="…" level=error msg="Failed to get digest for component ${NOBODY}/acceptance/image: failed to resolve digest for image ${NOBODY}/acceptance/image: …"
      """
    And there is no folder "made"

  @vsa-14
  Scenario: the VSA of a component whose name is a path stays in the folder
    When "validate image" is run with
      | --images                 | {"components": [{"name": "../../../outside", "containerImage": "${REGISTRY}/acceptance/image"}]} |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]}               |
      | --public-key             | ${known_PUBLIC_KEY}                                                                              |
      | --rekor-url              | ${REKOR}                                                                                         |
      | --output                 | text                                                                                             |
      | --vsa                    |                                                                                                  |
      | --attestation-format     | predicate                                                                                        |
      | --attestation-output-dir | made                                                                                             |
    Then the exit status should be 0
    And the folder "made" has exactly the files
      | vsa-..-..-..-outside.json |

  @vsa-15
  Scenario: components of one name each keep their VSA
    Given an image named "acceptance/second"
    And each image is signed and attested by the "known" key
    And a file "images.yaml" with
      """
      components:
        - {name: A, containerImage: "${REGISTRY}/acceptance/image"}
        - {name: A, containerImage: "${REGISTRY}/acceptance/second"}
      """
    When "validate image" is run with
      | --images                 | images.yaml                                                                        |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | text                                                                               |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
    Then the exit status should be 0
    And the folder "made" has exactly the files
      | vsa-A-*.json              |
      | vsa-A-*.json.intoto.jsonl |
      | vsa-A.json                |
      | vsa-A.json.intoto.jsonl   |

  @vsa-16
  Scenario: the signing key comes from the cluster
    Given a secret "signer" with the VSA signing key "vsa"
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | text                                                                               |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | k8s://acceptance/signer                                                            |
      | --attestation-output-dir | made                                                                               |
    Then the exit status should be 0
    And the envelope "made/vsa-Unnamed.json.intoto.jsonl" attests "made/vsa-Unnamed.json" of "acceptance/image" by the "vsa" key
