Feature: Nothing is lost in silence: what can't be read to its true end is an error

  An archive of rules in which a header is damaged, or that breaks off, must never count as a shorter one: the rules
  that are gone may be those that deny.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"

  @archive-<id>
  Scenario Outline: a file with rules, <name>, that <damage>
    Given there is a file "<name>" that <damage>, an archive of
      | first.rego    | policy/first.rego |
      | refusing.rego | refusing.rego     |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./<name>"]}]} |
    Then the validation fails with the error
      """
      failed to extract <form> file: ./<name>: …<place>…
      """
    And no image was judged

    Examples: tar
      | id | name      | form | damage                                             | place                |
      | 01 | rules.tar | tar  | has a damaged second header                        | header at byte 1024  |
      | 02 | rules.tar | tar  | breaks off within the second header                | after 1124 bytes     |
      | 03 | rules.tar | tar  | breaks off before the second header                | after 1024 bytes     |
      | 04 | rules.tar | tar  | has an empty block before the second header        | header at byte 1536  |
      | 05 | rules.tar | tar  | has the marks of its end before the second header  | data after the end   |
      | 06 | rules.tar | tar  | begins as none                                     | header at byte 0     |

    Examples: compressed tar
      | id | name          | form    | damage                                     | place               |
      | 07 | rules.tar.gz  | tar.gz  | has a damaged second header                | header at byte 1024 |
      | 08 | rules.tgz     | tar.gz  | breaks off within the second header        | after 1124 bytes    |
      | 09 | rules.tar.gz  | tar.gz  | lacks its last byte                        | gzip:               |
      | 10 | rules.tar.gz  | tar.gz  | has another checksum                       | gzip:               |
      | 11 | rules.tar.gz  | tar.gz  | has a second part with a damaged begin     | gzip:               |
      | 12 | rules.tar.gz  | tar.gz  | begins as none                             | gzip:               |
      | 13 | rules.tar.bz2 | tar.bz2 | has a damaged second header                | header at byte 1024 |
      | 14 | rules.tbz2    | tar.bz2 | lacks its last byte                        | bzip2:              |
      | 15 | rules.tar.bz2 | tar.bz2 | has a second part with a damaged begin     | bzip2:              |

    Examples: zip
      | id | name      | form | damage                                        | place                   |
      | 16 | rules.zip | zip  | has a directory that ends early               | no entry of the directo |
      | 17 | rules.zip | zip  | has a file that is a folder in its directory  | has another header      |
      | 18 | rules.zip | zip  | has another checksum                          | member refusing.rego    |
      | 19 | rules.zip | zip  | lacks its last byte                           | zip:                    |
      | 20 | rules.zip | zip  | is followed by rubbish                        | isn't the end of the    |
      | 21 | rules.zip | zip  | begins as none                                | no member at byte 0     |

    Examples: a compressed file
      | id | name          | form | damage                 | place  |
      | 22 | rules.rego.gz | gz   | lacks its last byte    | gzip:  |
      | 23 | rules.rego.gz | gz   | is followed by rubbish | gzip:  |

  @archive-<id>
  Scenario Outline: rules over https, <name>, that <damage>
    Given a file "<name>" that <damage> is served over https, an archive of
      | first.rego    | policy/first.rego |
      | refusing.rego | refusing.rego     |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["https://${GITHOST}/files/<name>"]}]} |
    Then the validation fails with the error
      """
      failed to extract <form> file: <name>: …<place>…
      """
    And no image was judged

    Examples:
      | id | name         | form   | damage                              | place               |
      | 24 | rules.tar    | tar    | has a damaged second header         | header at byte 1024 |
      | 25 | rules.tar.gz | tar.gz | breaks off within the second header | after 1124 bytes    |
      | 26 | rules.zip    | zip    | has a directory that ends early     | no entry of the dir |

  @archive-<id>
  Scenario Outline: a packed folder of a policy artifact that <damage>
    Given a policy artifact "acceptance/rules" with a packed folder that <damage>, an archive of
      | rules/first.rego    | policy/first.rego |
      | rules/refusing.rego | refusing.rego     |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["oci::${REGISTRY}/acceptance/rules"]}]} |
    Then the validation fails with the error
      """
      pulling policy: failed to perform "Push" on destination: …rules…<place>…
      """

    Examples:
      | id | damage                              | place               |
      | 27 | has a damaged second header         | header at byte 1024 |
      | 28 | breaks off within the second header | after 1124 bytes    |
      | 29 | breaks off before the second header | after 1024 bytes    |
      | 30 | lacks its last byte                 | gzip:               |

  @archive-<id>
  Scenario Outline: whole archives of rules, <name>
    Given there is a file "<name>" that is whole, an archive of
      | first.rego    | policy/first.rego |
      | refusing.rego | refusing.rego     |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./<name>"]}]} |
    Then the violations are: main.refused
    And the warnings are: source.first

    Examples:
      | id | name          |
      | 31 | rules.tar     |
      | 32 | rules.tar.gz  |
      | 33 | rules.tar.bz2 |
      | 34 | rules.zip     |

  @archive-35
  Scenario: data in an archive that doesn't begin as one is an error, not a file that counts for nothing
    Given there is a file "facts.tar.gz" that begins as none, an archive of
      | facts.yaml | policy/data/facts.yaml |
      | more.yaml  | policy/data/facts.yaml |
    And a folder "rules" with
      | main.rego | policy/version.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"], "data": ["./facts.tar.gz"]}]} |
    Then the validation fails with the error
      """
      failed to extract tar.gz file: ./facts.tar.gz: gzip: …
      """

  @archive-36
  Scenario: rules under one name twice in an archive
    Given there is a file "rules.tar.gz" that is whole, an archive of
      | main.rego   | refusing.rego     |
      | ./main.rego | policy/first.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules.tar.gz"]}]} |
    Then the validation fails with the error
      """
      failed to extract tar.gz file: ./main.rego is there twice
      """

  @archive-<id>
  Scenario Outline: rules that can't be read: <what>
    Given a folder "rules" with
      | first.rego         | policy/first.rego |
      | more/refusing.rego | refusing.rego     |
    And nobody may read "<path>"
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the validation fails with the error
      """
      failed to copy directory: …: open <named>: permission denied
      """
    And no image was judged

    Examples:
      | id | what         | path                     | named                    |
      | 37 | a file       | rules/more/refusing.rego | rules/more/refusing.rego |
      | 38 | a folder     | rules/more               | rules/more               |
      | 39 | all of them  | rules                    | rules                    |

  @archive-<id>
  Scenario Outline: rules that are none: <thing>
    Given a folder "rules" with
      | first.rego | policy/first.rego |
    And <thing> is at "rules/second.rego"
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the validation fails with the error
      """
      failed to copy directory: …rules/second.rego…
      """
    And no image was judged

    Examples:
      | id | thing             |
      | 40 | a pipe            |
      | 41 | a socket          |
      | 42 | a link to itself  |
      | 43 | a link to nothing |

  @archive-<id>
  Scenario Outline: data that are none: <thing>
    Given a folder "rules" with
      | main.rego | policy/version.rego |
    And <thing> is at "facts.yaml"
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"], "data": ["./facts.yaml"]}]} |
    Then the validation fails with the error
      """
      failed to open source file: ./facts.yaml is neither a file nor a directory
      """

    Examples:
      | id | thing    |
      | 44 | a pipe   |
      | 45 | a socket |

  @archive-<id>
  Scenario Outline: a git repository whose tree has <what>
    Given a git repository named "policies" whose tree has <what>, with the content of
      | refusing.rego     |
      | policy/first.rego |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["git::https://${GITHOST}/git/policies.git"]}]} |
    Then the validation fails with the error
      """
      error cloning repository: <error>
      """
    And no image was judged

    Examples:
      | id | what                          | error                               |
      | 51 | one name twice                | main.rego is there twice            |
      | 52 | a file and a link of one name | main.rego is there twice            |
      | 53 | a file .git                   | invalid path .git                   |
      | 54 | a file .GIT                   | invalid path .GIT                   |
      | 55 | a file ..                     | invalid path ..                     |
      | 56 | a file .                      | invalid path .                      |
      | 57 | a file without a name         | invalid path …                      |
      | 58 | a file ../main.rego           | invalid path ../main.rego           |
      | 59 | an entry of no kind           | malformed mode (170000) of more.rego |
