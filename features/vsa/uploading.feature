Feature: Uploading verification summaries

  `--vsa-upload` brings each VSA, and the run's, to every place that is named. A place that fails is told in the log; the
  report and the exit status are those of the validation.

  Background:
    Given a VSA signing key named "vsa"
    And an image that passes
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |
      | refusing/main.rego  | refusing.rego  |

  @vsa-20
  Scenario: VSAs are uploaded to a folder
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | json=report.json                                                                   |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
      | --vsa-expiration         | 0                                                                                  |
      | --vsa-upload             | local@stored/here                                                                  |
    Then the exit status should be 0
    And standard error is empty
    And the folder "stored/here" has exactly the files
      | vsa-????-??-??T??-??-??.?????????-????????????????.json |
      | vsa-????-??-??T??-??-??.?????????-????????????????.json |
    And each VSA in the folder "stored/here" is of the status "passed" and signed by the "vsa" key
    And the transparency log was given nothing

  @vsa-21
  Scenario: VSAs are uploaded to a transparency log
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | json=report.json                                                                   |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
      | --vsa-expiration         | 0                                                                                  |
      | --vsa-upload             | rekor@${REKOR}                                                                     |
    Then the exit status should be 0
    And standard error is empty
    And the transparency log took VSAs of
      | acceptance/image     | passed | vsa |
      | application-snapshot | passed | vsa |

  @vsa-22
  Scenario: VSAs of an image that doesn't conform are uploaded to several places
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                      |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//refusing"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                               |
      | --rekor-url              | ${REKOR}                                                                          |
      | --output                 | json=report.json                                                                  |
      | --vsa                    |                                                                                   |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                |
      | --attestation-output-dir | made                                                                              |
      | --vsa-expiration         | 0                                                                                 |
      | --vsa-upload             | local@one,rekor@${REKOR}                                                          |
      | --vsa-upload             | local@?dir=two                                                                    |
    Then the exit status should be 1
    And standard error is "Error: success criteria not met\n"
    And each VSA in the folder "one" is of the status "failed" and signed by the "vsa" key
    And each VSA in the folder "two" is of the status "failed" and signed by the "vsa" key
    And the transparency log took VSAs of
      | acceptance/image     | failed | vsa |
      | application-snapshot | failed | vsa |

  @vsa-23
  Scenario: an unknown storage is reported, and the other one gets the VSAs
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | json=report.json                                                                   |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
      | --vsa-expiration         | 0                                                                                  |
      | --vsa-upload             | s3@bucket                                                                          |
      | --vsa-upload             | local@stored                                                                       |
    Then the exit status should be 0
    And the standard error has the line
      """
      time="…" level=warning msg="invalid storage config 's3@bucket': unsupported backend 's3'. Supported backends: rekor, local"
      """
    And each VSA in the folder "stored" is of the status "passed" and signed by the "vsa" key

  @vsa-24
  Scenario: a folder that can't be created is reported
    Given a file "stored" with
      """
      in the way
      """
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | json=report.json                                                                   |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
      | --vsa-expiration         | 0                                                                                  |
      | --vsa-upload             | local@stored/x                                                                     |
    Then the exit status should be 0
    And the standard error has the line
      """
      time="…" level=warning msg="failed to create local backend: failed to create storage directory stored/x: mkdir stored…"
      """

  @vsa-25
  Scenario: a log that refuses the VSAs is reported
    Given the transparency log fails with status 400
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | json=report.json                                                                   |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
      | --vsa-expiration         | 0                                                                                  |
      | --ignore-rekor           |                                                                                    |
      | --vsa-upload             | rekor@${REKOR}                                                                     |
      | --vsa-upload             | local@stored                                                                       |
    Then the exit status should be 0
    And the standard error has the line
      """
      time="…" level=error msg="[VSA] Failed to upload in-toto 0.0.2 entry" error="failed to create in-toto 0.0.2 log entry: [POST /api/v1/log/entries][400]…
      """
    And each VSA in the folder "stored" is of the status "passed" and signed by the "vsa" key

  @vsa-26
  Scenario: a log that can't be reached is reported
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | json=report.json                                                                   |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
      | --vsa-expiration         | 0                                                                                  |
      | --vsa-upload             | rekor@http://${NOBODY}?retries=0                                                   |
    Then the exit status should be 0
    And the standard error has the line
      """
      time="…" level=error msg="[VSA] Failed to upload in-toto 0.0.2 entry" error="failed to create in-toto 0.0.2 log entry: Post \"http://${NOBODY}/api/v1/log/entries\": …
      """

  @vsa-27
  Scenario: unknown and invalid parameters are reported
    When "validate image" is run with
      | --image                  | ${REGISTRY}/acceptance/image                                                       |
      | --policy                 | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key             | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url              | ${REKOR}                                                                           |
      | --output                 | json=report.json                                                                   |
      | --vsa                    |                                                                                    |
      | --vsa-signing-key        | ${vsa_SIGNING_KEY}                                                                 |
      | --attestation-output-dir | made                                                                               |
      | --vsa-expiration         | 0                                                                                  |
      | --vsa-upload             | local@stored?colour=red                                                            |
      | --vsa-upload             | rekor@${REKOR}?timeout=soon                                                        |
    Then the exit status should be 0
    And the standard error has the line
      """
      time="…" level=warning msg="[VSA] Local backend: ignoring unknown parameter 'colour'"
      """
    And the standard error has the line
      """
      time="…" level=warning msg="failed to create rekor backend: invalid timeout format 'soon': time: invalid duration \"soon\""
      """
    And each VSA in the folder "stored" is of the status "passed" and signed by the "vsa" key
    And the transparency log was given nothing

  @vsa-28
  Scenario: VSAs are only uploaded where the key for those that are there is known
    When "validate image" is run with
      | --image      | ${REGISTRY}/acceptance/image                                                       |
      | --policy     | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url  | ${REKOR}                                                                           |
      | --vsa-upload | local@stored                                                                       |
    Then the validation fails with the error
      """
      --vsa-public-key required when --vsa-upload is set with --vsa-expiration > 0
      """
    And no manifest was fetched

  @vsa-29
  Scenario: without VSAs nothing is made of a folder to upload to
    When "validate image" is run with
      | --image          | ${REGISTRY}/acceptance/image                                                       |
      | --policy         | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key     | ${known_PUBLIC_KEY}                                                                |
      | --rekor-url      | ${REKOR}                                                                           |
      | --output         | json=report.json                                                                   |
      | --vsa-expiration | 0                                                                                  |
      | --vsa-upload     | local@stored                                                                       |
    Then the exit status should be 0
    And standard error is empty
    And there is no folder "stored"
    And the transparency log was asked for
      | signature | acceptance/image |
