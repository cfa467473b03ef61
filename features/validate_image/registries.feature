Feature: Registries that require credentials or https

  Credentials come from the Docker configuration or the helper that it names; trusted authorities from `SSL_CERT_FILE`.

  @access-<id>
  Scenario Outline: <scheme> credentials from the configuration
    Given the registry demands the credentials "user" and "secret" (<scheme>)
    And the Docker configuration has the credentials "user" and "secret"
    And a key pair named "known"
    And an image named "acceptance/image"
    And a valid image signature of "acceptance/image" image signed by the "known" key
    And a valid attestation of "acceptance/image" signed by the "known" key
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image |
      | --policy       | {"sources": []}              |
      | --public-key   | ${known_PUBLIC_KEY}          |
      | --ignore-rekor |                              |
      | --output       | json                         |
    Then the exit status should be 0
    And the output should match the snapshot
    And the registry was asked for
      | signature   | acceptance/image |
      | attestation | acceptance/image |
    And each answered request carried credentials

    Examples:
      | id | scheme |
      | 01 | Basic  |
      | 02 | Bearer |

  @access-<id>
  Scenario Outline: <scheme> credentials from a credential helper
    Given the registry demands the credentials "user" and "secret" (<scheme>)
    And the Docker configuration names a helper that has the credentials "user" and "secret"
    And a key pair named "known"
    And an image named "acceptance/image"
    And a valid image signature of "acceptance/image" image signed by the "known" key
    And a valid attestation of "acceptance/image" signed by the "known" key
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image |
      | --policy       | {"sources": []}              |
      | --public-key   | ${known_PUBLIC_KEY}          |
      | --ignore-rekor |                              |
      | --output       | json                         |
    Then the exit status should be 0
    And the output should match the snapshot
    And the registry was asked for
      | signature   | acceptance/image |
      | attestation | acceptance/image |
    And each answered request carried credentials

    Examples:
      | id | scheme |
      | 03 | Basic  |
      | 04 | Bearer |

  @access-05
  Scenario: no credentials
    Given the registry demands the credentials "user" and "secret" (Basic)
    And a key pair named "known"
    And an image named "acceptance/image"
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image |
      | --policy       | {"sources": []}              |
      | --public-key   | ${known_PUBLIC_KEY}          |
      | --ignore-rekor |                              |
      | --output       | json                         |
    Then the exit status should be 1
    And the output should match the snapshot
    And the violations are
      | component | code                     |
      | Unnamed   | builtin.image.accessible |

  @access-06
  Scenario: https with a certificate of an authority that SSL_CERT_FILE names
    Given the registry speaks https
    And a key pair named "known"
    And an image named "acceptance/image"
    And a valid image signature of "acceptance/image" image signed by the "known" key
    And a valid attestation of "acceptance/image" signed by the "known" key
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image |
      | --policy       | {"sources": []}              |
      | --public-key   | ${known_PUBLIC_KEY}          |
      | --ignore-rekor |                              |
      | --output       | json                         |
    Then the exit status should be 0
    And the output should match the snapshot
    And the registry was asked for
      | signature   | acceptance/image |
      | attestation | acceptance/image |

  @access-07
  Scenario: https with a certificate of an authority that nobody knows
    Given the registry speaks https
    And a key pair named "known"
    And an image named "acceptance/image"
    And the environment variable is set "SSL_CERT_FILE=${TMPDIR}/none.pem"
    When "validate image" is run with
      | --image        | ${REGISTRY}/acceptance/image |
      | --policy       | {"sources": []}              |
      | --public-key   | ${known_PUBLIC_KEY}          |
      | --ignore-rekor |                              |
      | --output       | json                         |
    Then the exit status should be 1
    And the violations are
      | component | code                     |
      | Unnamed   | builtin.image.accessible |
    And no manifest was fetched
