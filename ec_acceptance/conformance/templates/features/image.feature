Feature: Our own image

  Here it is an OCI layout (folder image/), as podman, buildah, skopeo and docker buildx write them, and a key that is
  made up signs it. What your registry has comes with its signatures and attestations, so those lines go and others come:

    Given the image "team/app" is a copy of "registry.example.com/team/app:1.0"
    And the public key "release" of the file "release.pub"

  A CI job says by a variable which image it built: `is a copy of "$IMAGE"`.

  Scenario: it may ship
    Given a key pair named "release"
    And the image "team/app" is a copy of "oci:image"
    And a valid image signature of "team/app" image signed by the "release" key
    And provenance of "team/app" signed by the "release" key with
      | builder | https://ci.example.com/builder |
    And the git repository "policy" has the files of the folder "policy"
    And the policy configuration of the file "policy.yaml"
    When "validate image" is run with
      | --image      | ${REGISTRY}/team/app  |
      | --policy     | policy.yaml           |
      | --public-key | ${release_PUBLIC_KEY} |
      | --rekor-url  | ${REKOR}              |
      | --output     | json                  |
    Then the exit status should be 0
    And the violations are: none
