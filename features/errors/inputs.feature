Feature: Input that cannot be used

  One clear line says what is wrong and where; exit status 1; nothing on standard output; never a traceback. A text
  that ends in "…" may go on in the words of whatever library found the fault.

  Background:
    Given a key pair named "known"
    And an image named "acceptance/image"
    And a valid image signature of "acceptance/image" image signed by the "known" key
    And a valid attestation of "acceptance/image" signed by the "known" key
    And a git repository named "policies" with
      | accepting/main.rego | happy_day.rego |

  @input-<id>
  Scenario Outline: <what>
    When "validate image" is run with
      | <flag>         | <value>                                                                            |
      | --policy       | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key   | ${known_PUBLIC_KEY}                                                                |
      | --ignore-rekor |                                                                                    |
      | --output       | json                                                                               |
    Then the validation fails with the error
      """
      <error>
      """
    And the registry was not asked for anything

    Examples: the images
      | id | what                          | flag         | value           | error                                                                                                                                                                      |
      | 01 | --json-input that isn't JSON  | --json-input | {               | unable to parse Snapshot specification from {: error converting YAML to JSON: yaml: …                                                                                      |
      | 02 | --images that is a list       | --images     | []              | unable to parse Snapshot specification from []: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type v1alpha1.SnapshotSpec       |
      | 03 | --images without such a file  | --images     | missing.json    | unable to parse Snapshot specification from missing.json: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type v1alpha1.SnapshotSpec… |
      | 04 | --file-path without such file | --file-path  | missing.json    | open missing.json: no such file or directory                                                                                                                               |
      | 05 | no image at all               | --image      | ""              | neither Snapshot nor image reference provided to validate                                                                                                                  |
      | 06 | a reference that isn't one    | --image      | not//a:ref@here | error validating image not//a:ref@here of component Unnamed: could not parse reference: not//a:ref@here                                                                     |

  @input-07
  Scenario: nothing given at all
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
    Then the command line is refused with the error
      """
      <error>
      """
    And the registry was not asked for anything

    Examples:
      | id | what                      | flag           | value | error                                                                                                     |
      | 08 | an unknown flag           | --bogus        |       | unknown flag: --bogus                                                                                     |
      | 09 | a bool that isn't one     | --strict=maybe |       | invalid argument "maybe" for "-s, --strict" flag: strconv.ParseBool: parsing "maybe": invalid syntax      |
      | 10 | a number that isn't one   | --workers      | x     | invalid argument "x" for "--workers" flag: strconv.ParseInt: parsing "x": invalid syntax                  |
      | 11 | a duration that isn't one | --timeout      | x     | invalid argument "x" for "--timeout" flag: time: invalid duration "x"                                     |

  @input-<id>
  Scenario Outline: public key: <what>
    Given a file "text.pub" with
      """
      no key at all
      """
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image                                                       |
      | --policy       | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git//accepting"]}]} |
      | --public-key   | <key>                                                                              |
      | --ignore-rekor |                                                                                    |
      | --output       | json                                                                               |
    Then the validation fails with the error
      """
      <error>
      """
    And no image was judged

    Examples:
      | id | what            | key               | error                                                                                                         |
      | 12 | no such file    | missing.pub       | open missing.pub: no such file or directory                                                                   |
      | 13 | not a key       | text.pub          | pem to public key: PEM decoding failed                                                                        |
      | 14 | a private key   | ${known_PRIVATE_KEY} | pem to public key: unknown Public key PEM file type: PRIVATE KEY. Are you passing the correct public key?  |
      | 15 | no such variable | env://NO_SUCH_KEY | loading URL: env var $NO_SUCH_KEY not found                                                                  |
