Feature: Credentials, as registries demand them and as users store them

  Registries demand credentials in many forms, and the files in which users store them were written by several
  generations of tools. Whatever Docker's and Podman's clients read is read.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --public-key ${known_PUBLIC_KEY} --ignore-rekor --output json"

  @creds-<id>
  Scenario Outline: challenges: <case>
    Given the registry demands the credentials "user" and "secret" by the challenges
      """
      <first>
      <second>
      """
    And the Docker configuration has the credentials "user" and "secret"
    And an image that passes
    When "validate image" is run
    Then the image passes
    And each answered request carried credentials

    Examples:
      | id | case                               | first                                              | second          |
      | 01 | another scheme in a field before   | Negotiate                                          | Basic realm="r" |
      | 02 | another scheme before a comma      | Negotiate, Basic realm="r"                         | X-Other         |
      | 03 | a scheme's name within quotes      | Kerberos realm="k, Bearer realm=", BASIC realm="r" | NTLM            |
      | 04 | tokens after another scheme        | Negotiate abc==, {challenge}                       | NTLM            |
      | 05 | tokens in the second field         | Negotiate realm="Basic"                            | {challenge}     |
      | 06 | blanks, and a quote that's missing | basic  realm = "r                                  | NTLM            |

  @creds-<id>
  Scenario Outline: credentials under the key <key>
    Given the registry demands the credentials "user" and "secret" (Basic)
    And the Docker configuration is
      """
      {"auths": {"registry.test": {"auth": "bm9ib2R5Om5vdGhpbmc="}, "<key>": {"auth": "${CREDENTIALS}"}}}
      """
    And an image that passes
    When "validate image" is run
    Then the image passes
    And each answered request carried credentials

    Examples:
      | id | key                           |
      | 07 | https://${REGISTRY}/          |
      | 08 | http://${REGISTRY}/v2/        |
      | 09 | https://${REGISTRY}/some/path |
      | 10 | ${REGISTRY}/                  |
      | 11 | ${REGISTRY}/acceptance        |
      | 12 | ${REGISTRY}/acceptance/image  |

  @creds-13
  Scenario Outline: a configuration that Go's decoder reads: <case>
    Given the registry demands the credentials "user" and "secret" (Basic)
    And the Docker configuration is
      """
      <text>
      """
    And an image that passes
    When "validate image" is run
    Then the image passes
    And each answered request carried credentials

    Examples:
      | case                    | text                                                                                     |
      | members in other cases  | {"AUTHS": {"${REGISTRY}": {"Auth": "${CREDENTIALS}"}}}                                   |
      | text after the object   | {"auths": {"${REGISTRY}": {"auth": "${CREDENTIALS}"}}} }                                 |
      | name and password apart | {"auths": {"${REGISTRY}": {"userName": "user", "password": "secret"}}}                   |
      | a base64 line           | {"auths": {"${REGISTRY}": {"auth": "${CREDENTIALS}\r\n"}}}                               |
      | what isn't Unicode      | {"auths": {"\ud800": {"username": "\udfff"}, "${REGISTRY}": {"auth": "${CREDENTIALS}"}}} |

  @creds-14
  Scenario: credentials in the environment
    Given the registry demands the credentials "user" and "secret" (Bearer)
    And the environment variable "DOCKER_AUTH_CONFIG" is
      """
      {"auths": {"${REGISTRY}": {"auth": "${CREDENTIALS}"}}}
      """
    And the Docker configuration is
      """
      {"auths": {"${REGISTRY}": {"auth": "bm9ib2R5Om5vdGhpbmc="}}}
      """
    And an image that passes
    When "validate image" is run
    Then the image passes

  @creds-15
  Scenario Outline: credentials in the file that <variable> points to
    Given the registry demands the credentials "user" and "secret" (Basic)
    And the credentials of the registry are in the file that <variable> points to
    And an image that passes
    When "validate image" is run
    Then the image passes

    Examples:
      | variable           |
      | REGISTRY_AUTH_FILE |
      | XDG_RUNTIME_DIR    |

  @creds-16
  Scenario: credentials for a policy bundle
    Given the registry demands the credentials "user" and "secret" by the challenges
      """
      Negotiate, {challenge}
      """
    And the Docker configuration is
      """
      {"Auths": {"https://${REGISTRY}/v1/": {"auth": "${CREDENTIALS}"}}}
      """
    And an image that passes
    And a policy artifact "acceptance/policy" tagged "v1" with
      | main.rego | happy_day.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["oci::${REGISTRY}/acceptance/policy:v1"]}]} |
    Then the image passes
    And each answered request carried credentials

  @creds-17
  Scenario: an identity token, and a token server without OAuth2
    Given the registry demands the credentials "user" and "secret" (Bearer)
    And the registry's token server doesn't support OAuth2
    And the Docker configuration is
      """
      {"auths": {"${REGISTRY}": {"auth": "${CREDENTIALS}", "identitytoken": "identity"}}}
      """
    And an image that passes
    When "validate image" is run
    Then the image passes
    And the registry was asked for tokens by "POST" at least 1 times
    And the registry was asked for tokens by "GET" at least 1 times

  @creds-18
  Scenario: an identity token, and a token server that redirects
    Given the registry demands the identity token "identity"
    And the registry's token server redirects to "/token?redirected=1" with status 307
    And the Docker configuration is
      """
      {"auths": {"${REGISTRY}": {"identitytoken": "identity"}}}
      """
    And an image that passes
    When "validate image" is run
    Then the image passes
    And the registry was asked for tokens by "POST" at least 2 times

  @creds-19
  Scenario Outline: a token in the member <member>
    Given the registry demands the credentials "user" and "secret" (Bearer)
    And the registry's token server names the token "<member>"
    And the Docker configuration has the credentials "user" and "secret"
    And an image that passes
    When "validate image" is run
    Then the image passes

    Examples:
      | member       |
      | token        |
      | access_token |

  @creds-20
  Scenario: a credential helper that prints endlessly
    Given the registry demands the credentials "user" and "secret" (Basic)
    And the Docker configuration names a faulty helper, which prints without end
    And an image that passes
    When "validate image" is run
    Then the image is not accessible: "error getting credentials - err: docker-credential-acceptance: its answer is longer than 1048576 bytes"

  @creds-45 @creds-45.<id>
  Scenario Outline: a registry for anybody, and a credential helper that <fails>

    Who names a helper wants its credentials: without them, what anybody may see isn't what was asked for.

    Given the Docker configuration names a faulty helper, which <fails>
    And an image that passes
    When "validate image" is run
    Then the image is not accessible: "<reason>"

    Examples:
      | id | fails                      | reason                                               |
      | 01 | prints nothing             | Image URL is not accessible: |
      | 02 | names no user but a number | Image URL is not accessible: |
      | 03 | is killed                  | error getting credentials - err: signal: killed, out: |

  @creds-21
  Scenario: a kubeconfig with base64 in lines, and another name for the certificate
    Given the cluster "cluster.test" demands the token "secret"
    And policy configuration named "release" with specification
      """
      {"sources": []}
      """
    And the kubeconfig has the authority as wrapped base64, and the server name of the certificate
    And an image that passes
    When "validate image" is run with
      | --policy | acceptance/release |
    Then the image passes
    And the cluster was asked for the policy configuration "release"

  @creds-<id>
  Scenario Outline: a kubeconfig with a credential plugin of version <version>
    Given the cluster "cluster.test" demands the token "secret"
    And policy configuration named "release" with specification
      """
      {"sources": []}
      """
    And the kubeconfig names a credential plugin of version <version> that returns the token
    And an image that passes
    When "validate image" is run with
      | --policy | acceptance/release |
    Then the image passes
    And the cluster was asked for the policy configuration "release"

    Examples:
      | id | version |
      | 22 | v1      |
      | 23 | v1beta1 |

  @creds-24
  Scenario: a plugin that isn't there
    Given the cluster "cluster.test" demands the token "secret"
    And policy configuration named "release" with specification
      """
      {"sources": []}
      """
    And the kubeconfig names the credential plugin "absent-plugin" with the install hint "ask the cluster's people"
    And an image that passes
    When "validate image" is run with
      | --policy | acceptance/release |
    Then the exit status should be 1
    And the output contains "getting credentials: exec: executable absent-plugin not found"
    And the output contains "ask the cluster's people"

  @creds-46 @creds-46.<id>
  Scenario Outline: a kubeconfig that says <what>

    Which of two credentials counts nobody could tell, and without any the cluster would be asked as anybody.

    Given the cluster "cluster.test" demands the token "secret"
    And policy configuration named "release" with specification
      """
      {"sources": []}
      """
    And the kubeconfig says <what>
    And an image that passes
    When "validate image" is run with
      | --policy | acceptance/release |
    Then the exit status should be 1
    And standard error has "cannot initialize Kubernetes client: "
    And standard error has "<reason>"
    And the cluster wasn't asked for anything

    Examples:
      | id | what                                   | reason                                                              |
      | 01 | a token and a password                 | found [token basicAuth], only one is allowed                        |
      | 02 | a client's certificate without its key | client-key-data or client-key must be specified for                 |
      | 03 | an empty file with the token           | read empty token from file                                          |
      | 04 | a number for the token                 | error loading config file                                           |
      | 05 | one user twice                         | duplicate name                                                      |
      | 06 | an authority, and that any will do     | specifying a root certificates file with the insecure flag is not allowed |

  @creds-47
  Scenario: a policy configuration in the cluster that the validator is a pod of

    Address, authority, token and namespace are those that each pod is given.

    Given the cluster "127.0.0.1" demands the token "secret"
    And policy configuration named "release" with specification
      """
      {"sources": []}
      """
    And the validator is in a pod of that cluster, in the namespace "acceptance"
    And an image that passes
    When "validate image" is run with
      | --policy | release |
    Then the image passes
    And the cluster was asked for the policy configuration "release"

  @creds-48
  Scenario: a pod that is told its namespace by a variable
    Given the cluster "127.0.0.1" demands the token "secret"
    And policy configuration named "release" with specification
      """
      {"sources": []}
      """
    And the validator is in a pod of that cluster, in the namespace "elsewhere"
    And the environment variable is set "POD_NAMESPACE=acceptance"
    And an image that passes
    When "validate image" is run with
      | --policy | release |
    Then the image passes
    And the cluster was asked for the policy configuration "release"

  @creds-49
  Scenario: a public key in the cluster that the validator is a pod of
    Given the cluster "127.0.0.1" demands the token "secret"
    And a key pair named "known"
    And a secret "signing" with the public key "known"
    And the validator is in a pod of that cluster, in the namespace "acceptance"
    And an image that passes
    When "validate image" is run with
      | --public-key | k8s://acceptance/signing |
    Then the image passes
    And the cluster was asked for the secret "signing"

  @creds-50
  Scenario: a pod without a token
    Given the cluster "127.0.0.1" demands the token "secret"
    And policy configuration named "release" with specification
      """
      {"sources": []}
      """
    And the validator is in a pod of that cluster, without a token
    And an image that passes
    When "validate image" is run with
      | --policy | release |
    Then the exit status should be 1
    And standard error has "cannot initialize Kubernetes client: invalid configuration: no configuration has been provided"
    And the cluster wasn't asked for anything
