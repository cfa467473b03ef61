Feature: Rules that don't compile: the error names the file, the line and the cause

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"
    And the policy configuration "sources: [{policy: [./rules]}]"

  @loading-<id>
  Scenario Outline: rejected when compiled: <what>
    Given the rules
      """
      package a
      deny contains msg if {
        <body>
        msg := "x"
      }
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: policy compilation error: the policy references Rego built-in functions not available in this version of Conforma CLI (v1.15.2).

      Upgrade Conforma CLI to a newer version that includes the required functions.

      If upgrading does not help, check for less common causes:
        - Conforma CLI disables certain built-in functions for security (opa.runtime, http.send, net.lookup_ip_addr). Policies using these will not compile regardless of the CLI version
        - The policy may use Rego syntax requiring a newer OPA version.
          Adjust the policy to target OPA v1.15.2 or earlier

      Details:
        load: loading policies: get compiler: 1 error occurred: …/policy/…/main.rego:3: rego_type_error: <error>
      """

    Examples:
      | id | what                         | body                                                   | error                                          |
      | 13 | requests over http           | http.send({"method": "get", "url": "https://x"})       | undefined function http.send                   |
      | 14 | the machine's own settings   | opa.runtime().env                                      | undefined function opa.runtime                 |
      | 15 | look-ups of names            | net.lookup_ip_addr("example.com")                      | undefined function net.lookup_ip_addr          |
      | 16 | a function that nobody knows | ec.oci.nosuch("x")                                     | undefined function ec.oci.nosuch               |
      | 17 | two paths for one            | ec.oci.blob_files("x", ["a", "b"])                     | ec.oci.blob_files: invalid argument(s)…        |
      | 18 | a member that manifests lack | ec.oci.image_manifest("x").layerz                      | undefined ref: …layerz…                        |
      | 19 | an option that is no boolean | ec.sigstore.verify_image("x", {"ignore_rekor": "yes"}) | ec.sigstore.verify_image: invalid argument(s)… |

  @loading-20
  Scenario: a recursive rule
    Given the rules
      """
      package a
      deny contains msg if { some msg in deny }
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      error validating image ${REGISTRY}/acceptance/app:latest of component app: load: loading policies: get compiler: 1 error occurred: …/main.rego:2: rego_recursion_error: rule data.a.deny is recursive: data.a.deny -> data.a.deny
      """
