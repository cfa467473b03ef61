Feature: What a TUF mirror may try

  A mirror serves what others have signed. Whatever it changes, keeps back, swaps or makes up, and whatever one stolen key
  can sign, nobody else gets trusted by it: the error names the mirror, the file and what is wrong with it.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy {"sources": []} --certificate-identity builder@acceptance.test --certificate-oidc-issuer https://issuer.acceptance.test --show-successes --output json"
    And an image named "acceptance/image"
    And a keyless image signature of "acceptance/image"

  @trust-60 @trust-60.<id>
  Scenario Outline: a mirror <oddity> is refused
    Given the roots of trust come from a TUF mirror <oddity>
    When "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: metadata is not signed by as many of its keys as it must be: <file>: …
      """

    Examples:
      | id | oddity                                                     | file           |
      | 01 | whose next root is by its old key alone                    | 2.root.json    |
      | 02 | whose next root is by one of the two keys that it demands  | 2.root.json    |
      | 03 | whose next root gives the targets no key                   | 1.targets.json |
      | 04 | whose timestamp is by the snapshot's key                   | timestamp.json |
      | 05 | whose timestamp nobody signed                              | timestamp.json |
      | 06 | whose timestamp tells something else after what is signed  | timestamp.json |
      | 07 | whose snapshot is by the timestamp's key                   | 1.snapshot.json |
      | 08 | whose targets are by the snapshot's key                    | 1.targets.json |
      | 09 | which delegates its target, signed by another key          | 1.deep.json    |

  @trust-61 @trust-61.<id>
  Scenario Outline: a mirror <oddity> is refused
    Given the roots of trust come from a TUF mirror <oddity>
    When "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: metadata is not what it should be: <file>: …
      """

    Examples:
      | id | oddity                                                        | file            |
      | 01 | whose next root demands no signature                          | 2.root.json     |
      | 02 | whose next root lacks a role                                  | 2.root.json     |
      | 03 | whose next root is of another specification                   | 2.root.json     |
      | 04 | whose timestamp is of version 0                               | timestamp.json  |
      | 05 | whose timestamp is of version 1.5                             | timestamp.json  |
      | 06 | whose timestamp never expires                                 | timestamp.json  |
      | 07 | whose timestamp is a snapshot                                 | timestamp.json  |
      | 08 | whose snapshot lists no targets                               | 1.snapshot.json |
      | 09 | which delegates its target, and the snapshot doesn't list it  | 1.targets.json  |
      | 10 | which delegates its target to a role called timestamp         | 1.targets.json  |

  @trust-62 @trust-62.<id>
  Scenario Outline: a mirror <oddity> is refused
    Given the roots of trust come from a TUF mirror <oddity>
    When "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: <reason>: …
      """

    Examples:
      | id | oddity                                                       | reason                                                           |
      | 01 | whose next root skips a version                              | metadata is of another version than it must be: 2.root.json      |
      | 02 | whose targets are of another version than its snapshot tells | metadata is of another version than it must be: 1.targets.json   |
      | 03 | which delegates its target, in another version               | metadata is of another version than it must be: 1.deep.json      |
      | 04 | which delegates its target, and it has expired               | metadata has expired: 1.deep.json                                |
      | 05 | whose timestamp unpacks without end                          | an answer is longer than it may be: timestamp.json               |
      | 06 | whose snapshot never ends                                    | an answer is longer than it may be: 1.snapshot.json              |
      | 07 | whose targets never end                                      | an answer is longer than it may be: 1.targets.json               |
      | 08 | whose snapshot is longer than its timestamp tells            | an answer is longer than it may be: 1.snapshot.json              |
      | 09 | whose target is longer than its targets tell                 | an answer is longer than it may be: …trusted_root.json           |
      | 10 | whose snapshot is shorter than its timestamp tells           | a file is not what other metadata says of it: 1.snapshot.json    |
      | 11 | whose snapshot is another one than its timestamp tells       | a file is not what other metadata says of it: 1.snapshot.json    |
      | 12 | whose target is shorter than its targets tell                | a file is not what other metadata says of it: …trusted_root.json |
      | 13 | whose snapshot's version is beyond all numbers               | a file cannot be had: 1000000000000000000000000000000.snapshot.json |

  @trust-63 @trust-63.<id>
  Scenario Outline: a mirror <oddity> is refused
    Given the roots of trust come from a TUF mirror <oddity>
    When "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: <error>
      """

    Examples:
      | id | oddity                                | error                                                                |
      | 01 | whose target is too large             | target trusted_root.json is larger than 4194304 bytes                |
      | 02 | whose target has a weak hash alone    | target trusted_root.json has neither a SHA-256 nor a SHA-512 hash    |
      | 03 | which delegates other targets         | there is no target trusted_root.json                                 |
      | 04 | which delegates its target in a circle | there is no target trusted_root.json                                |
      | 05 | which delegates its target on and on  | there is no target trusted_root.json                                 |
      | 06 | that redirects to a file              | Get "file:///etc/hostname": unsupported protocol scheme "file"       |
      | 07 | that fails when asked for a next root | a file cannot be had: 2.root.json: …status code 500 |
      | 08 | that is asked too often               | a file cannot be had: timestamp.json: …status code 429 |
      | 09 | that has nothing to say               | a file cannot be had: timestamp.json: …status code 204 |

  @trust-64 @trust-64.<id>
  Scenario Outline: a mirror <oddity> is trusted
    Given the roots of trust come from a TUF mirror <oddity>
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted

    Examples:
      | id | oddity                                                     |
      | 01 | whose next root is by its old and its new key              |
      | 02 | whose second of three roots has expired                    |
      | 03 | that denies a next root                                    |
      | 04 | which delegates its target                                 |

  @trust-65 @trust-65.<id>
  Scenario Outline: a mirror that becomes one <oddity> is refused
    Given the roots of trust come from a TUF mirror
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted
    When the mirror serves a newer version
    And "validate image" is run
    Then the image signature of "acceptance/image" is accepted
    When the mirror becomes one <oddity>
    And "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: metadata is of another version than it must be: …
      """

    Examples:
      | id | oddity                  |
      | 01 | whose targets went back |
      | 02 | whose snapshot went back |

  @trust-66 @trust-66.<id>
  Scenario Outline: one key under two ids does not reach a threshold of two, though the kept <file> is damaged
    Given the roots of trust come from a TUF mirror
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted
    When the "<file>" that was kept of the mirror is damaged
    And the mirror becomes one whose timestamp is signed by one key under two ids where two are needed
    And "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: metadata is not signed by as many of its keys as it must be: timestamp.json: …
      """

    Examples:
      | id | file           |
      | 01 | snapshot.json  |
      | 02 | targets.json   |
      | 03 | timestamp.json |

  @trust-67 @trust-67.<id>
  Scenario Outline: a damaged <file> that was kept of the mirror is fetched anew
    Given the roots of trust come from a TUF mirror
    When "validate image" is run
    Then the image signature of "acceptance/image" is accepted
    When the "<file>" that was kept of the mirror is damaged
    And "validate image" is run
    Then the image signature of "acceptance/image" is accepted
    And the mirror was asked for "<asked>"

    Examples:
      | id | file           | asked           |
      | 01 | timestamp.json | timestamp.json  |
      | 02 | snapshot.json  | 1.snapshot.json |
      | 03 | targets.json   | 1.targets.json  |

  @trust-68 @trust-68.<id>
  Scenario Outline: the error names an initial root that is <what>
    Given the roots of trust come from a TUF mirror
    And the TUF root to start from is <what>
    When "validate image" is run
    Then the validation fails with the error
      """
      TUF mirror ${MIRROR}: <reason>: ${TUF_ROOT_JSON}: …
      """
    And the mirror was not asked for anything

    Examples:
      | id | what         | reason                                                      |
      | 01 | no JSON      | metadata is not what it should be                           |
      | 02 | no metadata  | metadata is not what it should be                           |
      | 03 | a timestamp  | metadata is not what it should be                           |
      | 04 | changed      | metadata is not signed by as many of its keys as it must be |
