Feature: Secrets stay where they belong

  Whoever controls a registry may name any token server and redirect anywhere; reports and logs have readers who weren't
  given the password. Neither obtains it.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"

  @creds-<id>
  Scenario Outline: a realm on another loopback port, written <host>
    Given a third party
    And the registry demands the credentials "user" and "secret" (Bearer)
    And the registry names the realm "http://<host>:${THIRD_PARTY_PORT}/token"
    And the Docker configuration has the credentials "user" and "secret"
    And an image that passes
    When "validate image" is run
    Then the image is not accessible: "invalid realm in www-authenticate: realm host"
    And the third party received no request

    Examples:
      | id | host               |
      | 30 | 127.0.0.1          |
      | 31 | 127.1              |
      | 32 | 0x7f000001         |
      | 33 | 2130706433         |
      | 34 | [::ffff:127.0.0.1] |
      | 35 | localhost.         |
      | 36 | user@127.0.0.1     |

  @creds-37
  Scenario: a realm without TLS for a registry with TLS
    Given the registry speaks https
    And the registry demands the credentials "user" and "secret" (Bearer)
    And the registry names the realm "http://token.test/token"
    And the Docker configuration has the credentials "user" and "secret"
    And an image that passes
    When "validate image" is run
    Then the image is not accessible: "realm scheme "http" not allowed for a secure registry; use https"

  @creds-38
  Scenario: a token server that redirects the password to a third party
    Given a third party
    And the registry demands the credentials "user" and "secret" (Bearer)
    And the registry's token server redirects to "http://127.0.0.1:${THIRD_PARTY_PORT}/token" with status 307
    And the Docker configuration is
      """
      {"auths": {"${REGISTRY}": {"auth": "${CREDENTIALS}"}}}
      """
    And an image that passes
    When "validate image" is run
    Then the image is not accessible: "refusing token-server redirect"
    And the third party received no request
    And the output doesn't contain "identity"

  @creds-38
  Scenario: a token server that redirects the identity token to a third party
    Given a third party
    And the registry demands the identity token "identity"
    And the registry's token server redirects to "http://127.0.0.1:${THIRD_PARTY_PORT}/token" with status 307
    And the Docker configuration is
      """
      {"auths": {"${REGISTRY}": {"identitytoken": "identity"}}}
      """
    And an image that passes
    When "validate image" is run
    Then the image is not accessible: "refusing token-server redirect"
    And the third party received no request
    And the output doesn't contain "identity"

  @creds-39
  Scenario: the registry redirects to a host that demands credentials
    Given a third party
    And the registry demands the credentials "user" and "secret" (Bearer)
    And the Docker configuration has the credentials "user" and "secret"
    And an image that passes
    And the registry redirects requests for configurations to the third party
    And a policy artifact "acceptance/policy" tagged "v1" with
      | main.rego | happy_day.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["oci::${REGISTRY}/acceptance/policy:v1"]}]} |
    Then the third party was asked, but received no credentials

  @creds-40
  Scenario: git is redirected after its first request
    Given a host that redirects to the git server
    And a git repository named "happy-day-policy" with
      | main.rego | happy_day.rego |
    And an image that passes
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://user:secret@${THIRD_PARTY}/git/happy-day-policy"]}]} |
      | --debug  |                                                                                          |
    Then the image passes
    And the git server was asked for objects, but received no credentials
    And the output doesn't contain "secret"
    And the output contains "git::user:***@${THIRD_PARTY}/git/happy-day-policy"

  @creds-41
  Scenario Outline: a password in <what>
    Given an image that passes
    When "validate image" is run with
      | <flag>  | <value> |
      | --debug |         |
    Then the output doesn't contain "hunter2"
    And the output contains "***"

    Examples:
      | what                     | flag         | value                                                                        |
      | a git source             | --policy     | {"sources": [{"policy": ["git::https://user:hunter2@${NOBODY}/x"]}]}         |
      | a git source as a token  | --policy     | {"sources": [{"policy": ["git::https://hunter2@${NOBODY}/x"]}]}              |
      | a bundle                 | --policy     | {"sources": [{"policy": ["oci::https://user:hunter2@${NOBODY}/x:y"]}]}       |
      | a file over https        | --policy     | {"sources": [{"policy": ["https://user:hunter2@${NOBODY}/x.rego"]}]}         |
      | a source over plain http | --policy     | {"sources": [{"policy": ["http://user:hunter2@${NOBODY}/x.rego"]}]}          |
      | a URL that is none       | --policy     | {"sources": [{"policy": ["https://user:hunter/2hunter2@${NOBODY}/x.rego"]}]} |
      | the policy's own URL     | --policy     | https://user:hunter2@${NOBODY}/policy.yaml                                   |
      | the key's URL            | --public-key | https://user:hunter2@${NOBODY}/key.pub                                       |
      | the report's policy      | --policy     | {"rekorUrl": "https://user:hunter2@${NOBODY}", "sources": []}                |

  @creds-42
  Scenario: nothing that is sent appears in the log
    Given the registry demands the identity token "hunter2"
    And the Docker configuration is
      """
      {"auths": {"${REGISTRY}": {"identitytoken": "hunter2"}}}
      """
    And an image that passes
    When "validate image" is run with
      | --debug |  |
    Then the image passes
    And the output doesn't contain "hunter2"

  @creds-43
  Scenario: a next page of referrers on another host
    Given a third party
    And an image that passes
    And the registry names the third party for the next page of referrers
    When "validate image" is run
    Then the image passes
    And the third party received no request
    And the registry was asked for 2 pages of referrers

  @creds-44
  Scenario: rules see the policy without its passwords
    Given an image that passes
    And a policy artifact "acceptance/policy" tagged "v1" with
      | main.rego | happy_day.rego |
    When "validate image" is run with
      | --policy | {"rekorUrl": "https://user:hunter2@${NOBODY}", "sources": [{"policy": ["oci::${REGISTRY}/acceptance/policy:v1"]}]} |
      | --output | policy-input                                                                                                       |
    Then the output doesn't contain "hunter2"
    And the output contains "https://user:***@${NOBODY}"

  @hostile-07
  Scenario: a password with white space and quotes in the URL of a source
    Given an image that passes
    And a git repository named "policies" with
      | main.rego | happy_day.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://user:white 'hunter2@${GITHOST}/git/policies.git"]}]} |
      | --debug  |                                                                                               |
    Then the output doesn't contain "hunter2"
    And the output contains "user:***@"

  @hostile-08
  Scenario: a token server that repeats what it was sent
    Given the registry demands the credentials "user" and "hunter2" (Bearer)
    And the Docker configuration has the credentials "user" and "hunter2"
    And an image that passes
    And the registry's token server refuses, and says "hunter2 isn't right, nor is Basic dXNlcjpodW50ZXIy"
    When "validate image" is run with
      | --debug |  |
    Then the image is not accessible: "DENIED: *** isn't right, nor is Basic ***"
    And the output doesn't contain "hunter2"
