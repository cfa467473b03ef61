Feature: Nothing is silently lost: what can't be read completely is an error

  An archive of rules that has a damaged header, or is cut off, must never count as a shorter one: the missing rules may
  be those that deny.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a conforming image "acceptance/app"

  @archive-<id>
  Scenario Outline: a file with rules, <name>, that <damage>
    Given an archive "<name>" that <damage>, with the files
      | first.rego    | policy/first.rego |
      | refusing.rego | refusing.rego     |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./<name>"]}]} |
    Then the validation fails with the error
      """
      failed to extract <form> file: ./<name>: …<place>…
      """
    And no manifest was fetched

    Examples: tar
      | id | name      | form | damage                                             | place                |
      | 01 | rules.tar | tar  | has a damaged second header                        | header at byte 1024  |
      | 02 | rules.tar | tar  | is truncated within the second header                | after 1124 bytes     |
      | 03 | rules.tar | tar  | is truncated before the second header                | after 1024 bytes     |
      | 04 | rules.tar | tar  | has an empty block before the second header        | header at byte 1536  |
      | 05 | rules.tar | tar  | has its end marker before the second header  | data after the end   |
      | 06 | rules.tar | tar  | doesn't start as an archive                                     | header at byte 0     |

    Examples: compressed tar
      | id | name          | form    | damage                                     | place               |
      | 07 | rules.tar.gz  | tar.gz  | has a damaged second header                | header at byte 1024 |
      | 08 | rules.tgz     | tar.gz  | is truncated within the second header        | after 1124 bytes    |
      | 09 | rules.tar.gz  | tar.gz  | is truncated by one byte                        | gzip:               |
      | 10 | rules.tar.gz  | tar.gz  | has a wrong checksum                       | gzip:               |
      | 11 | rules.tar.gz  | tar.gz  | has a second part with a damaged start     | gzip:               |
      | 12 | rules.tar.gz  | tar.gz  | doesn't start as an archive                             | gzip:               |
      | 13 | rules.tar.bz2 | tar.bz2 | has a damaged second header                | header at byte 1024 |
      | 14 | rules.tbz2    | tar.bz2 | is truncated by one byte                        | bzip2:              |
      | 15 | rules.tar.bz2 | tar.bz2 | has a second part with a damaged start     | bzip2:              |

    Examples: zip
      | id | name      | form | damage                                        | place                   |
      | 16 | rules.zip | zip  | has a directory that ends early               | no entry of the directo |
      | 17 | rules.zip | zip  | has a file that is a folder in its directory  | has another header      |
      | 18 | rules.zip | zip  | has a wrong checksum                          | member refusing.rego    |
      | 19 | rules.zip | zip  | is truncated by one byte                           | zip:                    |
      | 20 | rules.zip | zip  | is followed by garbage                        | isn't the end of the    |
      | 21 | rules.zip | zip  | doesn't start as an archive                                | no member at byte 0     |

    Examples: a compressed file
      | id | name          | form | damage                 | place  |
      | 22 | rules.rego.gz | gz   | is truncated by one byte    | gzip:  |
      | 23 | rules.rego.gz | gz   | is followed by garbage | gzip:  |

  @archive-<id>
  Scenario Outline: rules over https, <name>, that <damage>
    Given an archive "<name>", served over https, that <damage>, with the files
      | first.rego    | policy/first.rego |
      | refusing.rego | refusing.rego     |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["https://${GITHOST}/files/<name>"]}]} |
    Then the validation fails with the error
      """
      failed to extract <form> file: <name>: …<place>…
      """
    And no manifest was fetched

    Examples:
      | id | name         | form   | damage                              | place               |
      | 24 | rules.tar    | tar    | has a damaged second header         | header at byte 1024 |
      | 25 | rules.tar.gz | tar.gz | is truncated within the second header | after 1124 bytes    |
      | 26 | rules.zip    | zip    | has a directory that ends early     | no entry of the dir |

  @archive-<id>
  Scenario Outline: a packed folder of a policy artifact that <damage>
    Given a policy artifact "acceptance/rules" with a packed folder that <damage>, with the files
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
      | 28 | is truncated within the second header | after 1124 bytes    |
      | 29 | is truncated before the second header | after 1024 bytes    |
      | 30 | is truncated by one byte                 | gzip:               |

  @archive-<id>
  Scenario Outline: whole archives of rules, <name>
    Given an archive "<name>" that is whole, with the files
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
  Scenario: data in an archive that doesn't start as one is an error, and isn't ignored
    Given an archive "facts.tar.gz" that doesn't start as an archive, with the files
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
    Given an archive "rules.tar.gz" that is whole, with the files
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
    And "<path>" can't be read
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the validation fails with the error
      """
      failed to copy directory: …: open <named>: permission denied
      """
    And no manifest was fetched

    Examples:
      | id | what         | path                     | named                    |
      | 37 | a file       | rules/more/refusing.rego | rules/more/refusing.rego |
      | 38 | a folder     | rules/more               | rules/more               |
      | 39 | all of them  | rules                    | rules                    |

  @archive-<id>
  Scenario Outline: a rule file that isn't a regular file: <thing>
    Given a folder "rules" with
      | first.rego | policy/first.rego |
    And there is <thing> at "rules/second.rego"
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then the validation fails with the error
      """
      failed to copy directory: …rules/second.rego…
      """
    And no manifest was fetched

    Examples:
      | id | thing             |
      | 40 | a pipe            |
      | 41 | a socket          |
      | 42 | a link to itself  |
      | 43 | a link to nothing |

  @archive-<id>
  Scenario Outline: a data source that isn't a regular file: <thing>
    Given a folder "rules" with
      | main.rego | policy/version.rego |
    And there is <thing> at "facts.yaml"
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
    And no manifest was fetched

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
