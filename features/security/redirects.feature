Feature: Redirects and truncated answers

  Whoever answers a request may redirect the validator, cut its answer short, or pretend to be somebody else. None of
  that reaches internal hosts, uses plain http, or lets a part of a policy pass for all of it.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"

  @wire-<id>
  Scenario Outline: a registry that redirects to an internal host, <host>
    Given a third party
    And an image that passes
    And the registry redirects requests for blobs to "http://<host>:${THIRD_PARTY_PORT}/blobs"
    When "validate image" is run with
      | --image | localhost:${REGISTRY_PORT}/acceptance/image |
    Then the registry redirected a request
    And the image does not pass
    And the third party received no request

    Examples:
      | id | host                   |
      | 30 | 127.0.0.1              |
      | 31 | [::ffff:127.0.0.1]     |
      | 32 | user:secret@127.0.0.1  |
      | 33 | 127.1                  |
      | 34 | 0x7f000001             |
      | 35 | 2130706433             |

  @wire-<id>
  Scenario Outline: <what> by a host that redirects inside

    A listed difference (docs/differences.md): `ec` follows redirects of all that isn't a registry's.

    Given a host that redirects all that it is asked for to the git server's address
    And an image that passes
    And a git repository named "policy" with
      | main.rego | happy_day.rego |
    And a file "main.rego" served over https with
      """
      package main

      import rego.v1

      # METADATA
      # custom:
      #   short_name: never
      deny contains "no" if false
      """
    When "validate image" is run with
      | <flag> | <value> |
    Then the validation fails, and the output contains "redirect from "localhost" to private/link-local host "127.0.0.1" denied"
    And the git server received no request

    Examples:
      | id | what                  | flag         | value                                                                                        |
      | 44 | a repository of rules | --policy     | {"sources": [{"policy": ["git::https://localhost:${THIRD_PARTY_PORT}/git/policy.git"]}]}     |
      | 45 | a file of rules       | --policy     | {"sources": [{"policy": ["https://localhost:${THIRD_PARTY_PORT}/files/main.rego"]}]}         |
      | 46 | a public key          | --public-key | https://localhost:${THIRD_PARTY_PORT}/files/known.pub                                        |

  @wire-47
  Scenario: a transparency log that redirects inside

    A listed difference (docs/differences.md): `ec` follows redirects of all that isn't a registry's.

    Given a host that redirects all that it is asked for to the transparency log's address
    And an image that passes
    When ec command is run with "validate image --json-input ${IMAGES} --policy {"sources": []} --public-key ${known_PUBLIC_KEY} --rekor-url http://localhost:${THIRD_PARTY_PORT} --output json"
    Then the validation fails, and the output contains "redirect from "localhost" to private/link-local host "127.0.0.1" denied"
    And the transparency log received no request

  @wire-36
  Scenario: one redirect of a chain is plain http

    A listed difference (docs/differences.md): `ec` follows such redirects.

    Given an image that passes
    And a file "main.rego" is served over https, after a redirect over plain http
      """
      package main

      import rego.v1

      # METADATA
      # custom:
      #   short_name: never
      deny contains result if {
        false
        result := {"code": "main.never", "msg": "never"}
      }
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["https://${THIRD_PARTY}/files/main.rego"]}]} |
    Then the validation fails, and the output contains "redirected to insecure http://"
    And no request was made over plain http

  @wire-37
  Scenario: rules that are cut off
    Given an image that passes
    And a file "main.rego" served over https that is cut off before "# the rest"
      """
      package main

      import rego.v1

      # METADATA
      # custom:
      #   short_name: never
      deny contains result if {
        false
        result := {"code": "main.never", "msg": "never"}
      }

      # the rest
      # METADATA
      # custom:
      #   short_name: always
      deny contains result if {
        result := {"code": "main.always", "msg": "always"}
      }
      """
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["https://${GITHOST}/files/main.rego"]}]} |
    Then the validation fails, and the output contains "unexpected EOF"

  @wire-38
  Scenario: a certificate that names its host in its subject only
    Given the registry's certificate names "localhost" in its subject alone
    And an image that passes
    When "validate image" is run with
      | --image | localhost:${REGISTRY_PORT}/acceptance/image |
    Then the image is not accessible: "x509: certificate relies on legacy Common Name field, use SANs instead"
    And the registry received no request
