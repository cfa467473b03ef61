Feature: Input that cannot be used

  One clear line says what is wrong and where; the exit status is 1; nothing goes to standard output; there is never a
  traceback. A text that ends in "…" may continue in the words of whichever library found the fault.

  Background:
    Given the usual flags "--policy {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git"]}]} --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"
    And a key pair named "known"
    And an image named "acceptance/image"
    And each image is signed and attested by the "known" key
    And a git repository named "policies" with
      | main.rego | happy_day.rego |

  @input-<id>
  Scenario Outline: images: <what>
    When "validate image" is run with
      | <flag> | <value> |
    Then the validation fails with the error
      """
      <error>
      """
    And the registry received no request

    Examples:
      | id | what            | flag         | value        | error                                                                                 |
      | 01 | not JSON        | --json-input | {            | unable to parse Snapshot specification from {: error converting YAML to JSON: yaml: … |
      | 04 | no such file    | --file-path  | missing.json | open missing.json: no such file or directory                                          |
      | 05 | no image at all | --image      | ""           | neither Snapshot nor image reference provided to validate                             |

  @input-02
  Scenario: images: a list instead of a snapshot
    When "validate image" is run with
      | --images | [] |
    Then the validation fails with the error
      """
      unable to parse Snapshot specification from []: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type v1alpha1.SnapshotSpec
      """
    And the registry received no request

  @input-03
  Scenario: images: no such file, so the name is read as a snapshot
    When "validate image" is run with
      | --images | missing.json |
    Then the validation fails with the error
      """
      unable to parse Snapshot specification from missing.json: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type v1alpha1.SnapshotSpec…
      """
    And the registry received no request

  @input-06
  Scenario: images: not a valid reference
    When "validate image" is run with
      | --image | not//a:ref@here |
    Then the validation fails with the error
      """
      error validating image not//a:ref@here of component Unnamed: could not parse reference: not//a:ref@here
      """
    And the registry received no request

  @input-07
  Scenario: no flags at all
    When ec command is run with "validate image"
    Then the validation fails with the error
      """
      neither Snapshot nor image reference provided to validate
      certificate OIDC issuer must be provided for keyless workflow
      certificate identity must be provided for keyless workflow
      """

  @input-<id>
  Scenario Outline: command line: <what>
    When "validate image" is run with
      | --image | ${REGISTRY}/acceptance/image |
      | <flag>  | <value>                      |
    Then the command line is rejected with the error
      """
      <error>
      """
    And the registry received no request

    Examples:
      | id | what            | flag           | value | error                                                                                                |
      | 08 | an unknown flag | --bogus        |       | unknown flag: --bogus                                                                                |
      | 09 | not a boolean   | --strict=maybe |       | invalid argument "maybe" for "-s, --strict" flag: strconv.ParseBool: parsing "maybe": invalid syntax |
      | 10 | not a number    | --workers      | x     | invalid argument "x" for "--workers" flag: strconv.ParseInt: parsing "x": invalid syntax             |
      | 11 | not a duration  | --timeout      | x     | invalid argument "x" for "--timeout" flag: time: invalid duration "x"                                |

  @input-<id>
  Scenario Outline: public key: <what>
    Given a file "text.pub" with
      """
      no key at all
      """
    When "validate image" is run with
      | --image      | ${REGISTRY}/acceptance/image |
      | --public-key | <key>                        |
    Then the validation fails with the error
      """
      <error>
      """
    And no manifest was fetched

    Examples:
      | id | what | key | error |
      | 12 | no such file | missing.pub | open missing.pub: no such file or directory |
      | 13 | not a key | text.pub | pem to public key: PEM decoding failed |
      | 14 | a private key | ${known_PRIVATE_KEY} | pem to public key: unknown Public key PEM file type: PRIVATE KEY. Are you passing the correct public key? |
      | 15 | no such variable | env://NO_SUCH_KEY | loading URL: env var $NO_SUCH_KEY not found |
