Feature: Registries behind caches, storages and proxies

  Companies put caches, storages, proxies and certificate authorities of their own between a registry and its clients.
  What these do to answers doesn't change a verdict.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"

  @wire-<id>
  Scenario Outline: an answer that <how>
    Given the registry demands the credentials "user" and "secret" (Bearer)
    And the Docker configuration has the credentials "user" and "secret"
    And an image that passes
    And a policy artifact "acceptance/policy" tagged "v1" with
      | main.rego | happy_day.rego |
    And every answer of the registry is one that <how>
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["oci::${REGISTRY}/acceptance/policy:v1"]}]} |
    Then the image passes

    Examples:
      | id | how                                                |
      | 01 | is compressed with gzip                            |
      | 02 | follows one with status 102                        |
      | 03 | follows one with status 103                        |
      | 04 | has 1000 more header fields                        |
      | 05 | has one more header field, of 80 KiB               |
      | 39 | says twice of what type it is, and of which digest |

  @wire-<id>
  Scenario Outline: redirects to places that need encoding: <folder>
    Given an image that passes
    And the registry redirects requests for blobs to the folder "<folder>" of a blob storage
    When "validate image" is run
    Then the image passes
    And the blob storage was asked for blobs in the folder "<asked>"

    Examples:
      | id | folder     | asked          |
      | 06 | é          | %C3%A9         |
      | 07 | a b        | a%20b          |
      | 08 | %C3%A9/{x} | %C3%A9/%7Bx%7D |
      | 09 | a//b       | a//b           |

  @wire-10
  Scenario: the address of a policy that needs encoding
    Given an image that passes
    And a file "%C3%A9/main.rego" served over https with
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
      | --policy         | {"sources": [{"policy": ["https://${GITHOST}/files/é/main.rego"]}]} |
      | --show-successes |                                                                     |
    Then the image passes
    And the output contains "main.never"

  @wire-<id>
  Scenario Outline: trusted certificates in a file with <damage>
    Given the registry speaks https
    And an image that passes
    And the file of trusted certificates has <damage>
    When "validate image" is run
    Then the image passes

    Examples:
      | id | damage                         |
      | 11 | a block that is none, first    |
      | 12 | a block that is none, last     |
      | 13 | a block that isn't base64      |
      | 14 | a private key                  |
      | 15 | a block that is cut off        |
      | 16 | a block that is cut off, first |
      | 17 | comments beyond ASCII          |

  @wire-18
  Scenario: a file without trusted certificates
    Given the registry speaks https
    And an image that passes
    And the file of trusted certificates has nothing but a block that is none
    When "validate image" is run
    Then the image is not accessible: "x509: certificate signed by unknown authority"

  @wire-<id>
  Scenario Outline: a proxy that speaks <scheme>
    Given the registry speaks https
    And an image that passes
    And the registry is reached through a proxy that speaks <scheme>
    When "validate image" is run with
      | --image | registry.localhost:${REGISTRY_PORT}/acceptance/image |
    Then the image passes
    And the proxy was asked for "registry.localhost"

    Examples:
      | id | scheme  |
      | 19 | http    |
      | 20 | https   |
      | 21 | socks5  |
      | 40 | socks5h |

  @wire-41
  Scenario: a transparency log behind a proxy
    Given an image that passes
    And what isn't on this machine is reached through a proxy
    When ec command is run with "validate image --json-input ${IMAGES} --policy {"sources": []} --public-key ${known_PUBLIC_KEY} --rekor-url http://registry.localhost:${REKOR_PORT} --output json"
    Then the image passes
    And the proxy was asked for "registry.localhost:${REKOR_PORT}"
    And the transparency log was asked for
      | signature   | acceptance/image |
      | attestation | acceptance/image |

  @wire-<id>
  Scenario Outline: <what> behind a proxy
    Given an image that passes
    And a git repository named "policy" with
      | main.rego | happy_day.rego |
    And a file "main.rego" served over https with
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
    And what isn't on this machine is reached through a proxy
    When "validate image" is run with
      | --policy         | {"sources": [{"policy": ["<source>"]}]} |
      | --show-successes |                                         |
    Then the image passes
    And the proxy was asked for "registry.localhost:${GIT_PORT}"
    And the output contains "<rule>"

    Examples:
      | id | what                  | source                                                     | rule          |
      | 42 | a repository of rules | git::https://registry.localhost:${GIT_PORT}/git/policy.git | main.acceptor |
      | 43 | a file of rules       | https://registry.localhost:${GIT_PORT}/files/main.rego     | main.never    |
