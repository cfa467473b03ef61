Feature: Sources as users write them: unusual folder names, options in any order, duplicate layers

  What is in a source doesn't depend on how its address is written; an address that isn't understood is an error.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"

  @archive-<id>
  Scenario Outline: a folder of a git repository, <written>
    Given a git repository named "policies" with
      | my policy/main.rego | policy/first.rego  |
      | pölicy/main.rego    | policy/first.rego  |
      | a%b/main.rego       | policy/first.rego  |
      | c:d/main.rego       | policy/first.rego  |
      | e\f/main.rego       | policy/first.rego  |
      | g+h/main.rego       | policy/first.rego  |
      | i/j/main.rego       | policy/first.rego  |
      | other/main.rego     | policy/second.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git<written>"]}]} |
    Then the warnings are: source.first
    And the report lists the policy source "git::${GITHOST}/git/policies.git<pinned>?ref=${policies_COMMIT}"

    Examples: names
      | id | written       | pinned        |
      | 60 | //my%20policy | //my%20policy |
      | 61 | //my policy   | //my policy   |
      | 62 | //p%C3%B6licy | //p%C3%B6licy |
      | 63 | //a%25b       | //a%25b       |
      | 64 | //c:d         | //c:d         |
      | 65 | //e%5Cf       | //e%5Cf       |
      | 66 | //g+h         | //g+h         |
      | 67 | //i//j/       | //i//j/       |
      | 68 | //i%2Fj       | //i%2Fj       |

    Examples: options, before the folder and behind it
      | id | written                               | pinned        |
      | 69 | //i?ref=main                          | //i           |
      | 70 | //i?depth=1&ref=main                  | //i           |
      | 71 | //i?ref=main&depth=1                  | //i           |
      | 72 | //i?ref=main//other                   | //i           |
      | 73 | //my%20policy?ref=refs%2Fheads%2Fmain | //my%20policy |

    Examples: folders that ec's pinned URL loses or misplaces
      | id | written              | pinned        |
      | 74 | ?ref=main//i         | //i           |
      | 75 | ?ref=main//my policy | //my%20policy |
      | 76 | ?ref=main//i&depth=1 | //i           |
      | 77 | ?ref=main&depth=1//i | //i           |
      | 78 | ?depth=1&ref=main//i | //i           |

  @archive-<id>
  Scenario Outline: a pinned URL names the same source: <written>
    Given a git repository named "policies" with
      | my policy/main.rego | policy/first.rego  |
      | other/main.rego     | policy/second.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git<written>"]}]} |
    And the policy source that the report lists is called ${PINNED}
    And "validate image" is run with
      | --policy | {"sources": [{"policy": ["${PINNED}"]}]} |
    Then the warnings are: source.first

    Examples:
      | id | written               |
      | 79 | ?ref=main//my policy  |
      | 80 | ?depth=1//my%20policy |
      | 81 | //my%20policy         |

  @archive-<id>
  Scenario Outline: unknown options of a git URL are rejected, not ignored: <written>
    Given a git repository named "policies" with
      | main.rego | policy/first.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git<written>"]}]} |
    Then the validation fails with the error
      """
      <error>
      """

    Examples:
      | id | written                 | error                                                                                            |
      | 82 | ?checksum=sha256:00     | error cloning repository: repository not found: checksum isn't supported, only ref and depth are |
      | 83 | ?ref=main&archive=false | error cloning repository: repository not found: archive isn't supported, only ref and depth are  |
      | 84 | ?ref=main;depth=1       | error cloning repository: reference not found                                                    |
      | 85 | //a%b                   | failed to process URL: failed to parse URL: invalid URL escape "%b"                              |

  @archive-<id>
  Scenario Outline: other kinds of sources are reported, not guessed: <url>
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["<url>"]}]} |
    Then the validation fails with the error
      """
      no gatherer found for URI: <url>
      """
    And no manifest was fetched

    Examples:
      | id | url                                              |
      | 86 | s3::https://s3.amazonaws.com/bucket/rules.tar.gz |
      | 87 | gcs::https://www.googleapis.com/storage/v1/b/f   |
      | 88 | hg::https://example.com/rules                    |

  @archive-89
  Scenario: a layer that an artifact lists twice
    Given a policy artifact "acceptance/rules" that lists each layer twice, with
      | main.rego | policy/first.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["oci::${REGISTRY}/acceptance/rules"]}]} |
    Then the warnings are: source.first

  @archive-<id>
  Scenario Outline: file names with a meaning of their own on Windows: <name>
    Given a policy artifact "acceptance/rules" tagged "latest" with
      | <name> | policy/first.rego |
    And a folder "more" with
      | <name> | policy/second.rego |
    And an archive "rules.tar.gz" that is whole, with the files
      | <name>   | policy/second.rego |
      | read:me\ | policy/second.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["oci::${REGISTRY}/acceptance/rules"]}, {"policy": ["./more"]}, {"policy": ["./rules.tar.gz"]}]} |
    Then the warnings are: source.first, source.second, source.second

    Examples:
      | id | name      |
      | 90 | c:d.rego  |
      | 91 | e\f.rego  |
      | 92 | C:\g.rego |

  @archive-93
  Scenario: a checksum in the URL of a file is compared
    Given an archive "rules.tar.gz", served over https, that is whole, with the files
      | main.rego | policy/first.rego |
      | more.txt  | policy/first.rego |
    And the policy configuration
      """
      sources: [{policy: ["https://${GITHOST}/files/rules.tar.gz?checksum=sha256:0000000000000000000000000000000000000000000000000000000000000000"]}]
      """
    When "validate image" is run
    Then the validation fails with the error
      """
      checksum sha256:0000000000000000000000000000000000000000000000000000000000000000 expected, but got …
      """
    And no manifest was fetched
