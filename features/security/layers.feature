Feature: Rules see the files of an image that a container would see

  Layers follow the OCI image specification (layer.md), whatever kinds of entries they have: an entry replaces what
  lower layers have under its name, and a whiteout removes it from lower layers only.

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"
    And a folder "rules" with
      | main.rego | policy/files.rego |

  @archive-<id>
  Scenario Outline: an entry of the kind "<kind>" shows <what>
    Given a conforming OLM bundle image "acceptance/app" whose layers, the lowest first, have the entries
      | low | <kind> | manifests/a.json | <text> |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then a message is
      """
      {"manifests/a.json":<seen>}
      """

    Examples: kinds that count as files
      | id  | kind   | text    | what        | seen    |
      | 100 | type Z | {"x":1} | its content | {"x":1} |
      | 101 | type A | {"x":1} | its content | {"x":1} |
      | 102 | type B | {"x":1} | its content | {"x":1} |
      | 103 | type V | {"x":1} | its content | {"x":1} |
      | 104 | type M | {"x":1} | its content | {"x":1} |
      | 105 | type N | {"x":1} | its content | {"x":1} |
      | 106 | type 9 | {"x":1} | its content | {"x":1} |
      | 107 | type 7 | {"x":1} | its content | {"x":1} |
      | 108 | type 1 | {"x":1} | its content | {"x":1} |

    Examples: kinds without content
      | id  | kind      | text | what    | seen |
      | 109 | pipe      |      | nothing | null |
      | 110 | device    |      | nothing | null |
      | 111 | folder    |      | nothing | null |
      | 112 | link      | b    | nothing | null |
      | 113 | hard link | b    | nothing | null |

  @archive-<id>
  Scenario Outline: <what>
    Given a conforming OLM bundle image "acceptance/app" whose layers, the lowest first, have the entries
      | low  | file    | manifests/a.json | {"low":1} |
      | high | <kind>  | <path>           | <text>    |
      | high | <kind2> | <path2>          | <text2>   |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then a message is
      """
      {<seen>}
      """

    Examples: links and folders over a file
      | id | what | kind | path | text | kind2 | path2 | text2 | seen |
      | 114 | a hard link above the folder hides it | hard link | manifests/a.json | ../x | file | x |  | "manifests/a.json":null |
      | 115 | a hard link out of the image hides it too | hard link | manifests/a.json | ../../x | file | x |  | "manifests/a.json":null |
      | 116 | a link out of the image is passed over | link | manifests/a.json | ../../x | file | x |  | "manifests/a.json":{"low":1} |
      | 117 | a link in the place of the folder hides it | link | manifests | other | file | manifests2/x.json | {} |  |
      | 118 | a whiteout removes it | file | manifests/.wh.a.json |  | file | x |  |  |

  @archive-<id>
  Scenario Outline: marks of removal: <what>
    Given a conforming OLM bundle image "acceptance/app" whose layers, the lowest first, have the entries
      | low  | file   | manifests/a.json | {"low":1} |
      | high | <kind> | <path>           | <text>    |
      | high | file   | <path2>          | <text2>   |
    When "validate image" is run with
      | --policy | {"sources": [{"policy": ["./rules"]}]} |
    Then a message is
      """
      {"manifests/<seen>":{"high":1}}
      """

    Examples:
      | id  | what                                         | kind   | path                   | text       | path2                  | text2      | seen   |
      | 119 | removed, and made again after it             | file   | manifests/.wh.a.json   |            | manifests/a.json       | {"high":1} | a.json |
      | 120 | made, and removed after it in its own layer  | file   | manifests/a.json       | {"high":1} | manifests/.wh.a.json   |            | a.json |
      | 121 | the folder removed, and made again           | file   | .wh.manifests          |            | manifests/b.json       | {"high":1} | b.json |
      | 122 | what lower layers have in the folder removed | file   | manifests/.wh..wh..opq |            | manifests/b.json       | {"high":1} | b.json |
      | 123 | the same, marked after the file              | file   | manifests/b.json       | {"high":1} | manifests/.wh..wh..opq |            | b.json |
      | 124 | the same, of the whole image                 | file   | .wh..wh..opq           |            | manifests/b.json       | {"high":1} | b.json |
      | 125 | a mark that is a folder                      | folder | manifests/.wh.a.json   |            | manifests/b.json       | {"high":1} | b.json |
      | 126 | a mark without a name means the folder       | file   | manifests/.wh.         |            | manifests/b.json       | {"high":1} | b.json |

  @archive-127
  Scenario: headers of a MiB in a layer are no more expensive than their size
    Given a conforming OLM bundle image "acceptance/app" whose layers, the lowest first, have the entries
      | low | pax header | headers          |         |
      | low | pax header | headers          |         |
      | low | pax header | headers          |         |
      | low | pax header | headers          |         |
      | low | file       | manifests/a.json | {"x":1} |
    When "validate image" is run with
      | --policy  | {"sources": [{"policy": ["./rules"]}]} |
      | --timeout | 20s                                    |
    Then a message is
      """
      {"manifests/a.json":{"x":1}}
      """
