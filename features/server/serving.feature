Feature: Verdicts over HTTP

  `validate input --server` loads policies once, and judges what is sent to it. See docs/server.md.

  Background:
    Given a folder "rules" with
      | main.rego | server/serving.rego |
    And a file "policy.yaml" with
      """
      sources: [{policy: [./rules]}]
      """

  @server-01
  Scenario: an input that passes
    When the server is started with
      | --policy | policy.yaml |
    And the server is asked to judge
      """
      {"fine": 1}
      """
    Then the answer is the report
      """
      {"success": true, "filepaths": [{"filepath": "input", "violations": [], "warnings": [], "successes": null,
       "success": true, "success-count": 4}]}
      """
    And the answer's field "X-Conforma-Result" is "pass"
    And the answer's field "Content-Type" is "application/json"

  @server-02
  Scenario: an input that fails is a completed evaluation, too
    When the server is started with
      | --policy         | policy.yaml |
      | --info           |             |
      | --show-successes |             |
    And the server is asked to judge
      """
      {"bad": 1.50, "odd": true}
      """
    Then the answer is the report
      """
      {"success": false, "filepaths": [{"filepath": "input",
       "violations": [{"msg": "bad: 1.5", "metadata": {"code": "main.bad", "title": "No bad input"}}],
       "warnings": [{"msg": "odd", "metadata": {"code": "main.odd"}}],
       "successes": [{"msg": "Pass", "metadata": {"code": "main.asked"}},
                     {"msg": "Pass", "metadata": {"code": "main.broken"}}],
       "success": false, "success-count": 2}]}
      """
    And the answer's field "X-Conforma-Result" is "fail"

  @server-03 @server-03.<id>
  Scenario Outline: what a body is: <what>
    When the server is started with
      | --policy | policy.yaml |
    And the server is asked to judge "<type>"
      """
      <body>
      """
    Then the answer's violations are "<violations>"

    Examples:
      | id | what                                         | type                            | body                       | violations        |
      | 1  | JSON                                         | application/json                | {"bad": 1}                 | main.bad          |
      | 2  | JSON, with a parameter                       | Application/JSON; charset=utf-8 | {"bad": 1}                 | main.bad          |
      | 3  | YAML                                         | application/yaml                | bad: yes                   | main.bad          |
      | 4  | YAML, by an older name                       | application/x-yaml              | bad: yes                   | main.bad          |
      | 5  | YAML, by another one                         | text/yaml                       | bad: no                    | none              |
      | 6  | a list: each of its elements                 | application/json                | [{"bad": 1}, {"bad": 2}]   | main.bad main.bad |
      | 7  | any other type: JSON                         | image/png                       | [{"bad": 1}]               | main.bad          |
      | 8  | any other type: YAML that is a mapping       | text/plain                      | bad: yes                   | main.bad          |
      | 9  | no type                                      |                                 | bad: yes                   | main.bad          |
      | 10 | a JSON text that isn't a collection          | application/json                | null                       | none              |

  @server-04
  Scenario: several documents of YAML are judged together
    When the server is started with
      | --policy | policy.yaml |
    And the server is asked to judge "application/yaml"
      """
      bad: 1
      ---
      fine: 1
      ---
      bad: 2
      """
    Then the answer's violations are "main.bad main.bad"

  @server-05 @server-05.<id>
  Scenario Outline: probes: <request>
    When the server is started with
      | --policy | policy.yaml |
    And the server is asked "<request>"
    Then the answer's status is 200
    And the answer's body is "<body>"
    And the answer's field "Content-Type" is "application/json"

    Examples:
      | id | request         | body               |
      | 1  | GET /live       | {'status':'ok'}    |
      | 2  | GET /ready      | {'status':'ready'} |
      | 3  | HEAD /ready     |                    |
      | 4  | GET /live?all=1 | {'status':'ok'}    |

  @server-06
  Scenario: policies are loaded once
    When the server is started with
      | --policy | policy.yaml |
    And the folder "rules" is taken away
    And the server is asked to judge
      """
      {"bad": 1}
      """
    And the server is asked to judge
      """
      {"bad": 2}
      """
    Then each answer's violations are "main.bad"

  @server-07
  Scenario: many are judged at the same time
    Given a conforming image "acceptance/marker"
    And every manifest of "acceptance/marker" is held
    When the server is started with
      | --policy | policy.yaml |
    And client "slow" begins to ask the server to judge
      """
      {"image": "${REGISTRY}/acceptance/marker:latest"}
      """
    And the registry is asked for the manifest of "acceptance/marker"
    And the server is asked to judge
      """
      {"bad": 1}
      """
    Then the answer's violations are "main.bad"
    And client "slow" still waits
    When the registry answers again
    And client "slow" is answered
    Then the answer's violations are "main.asked"

  @server-08 @server-08.<id>
  Scenario Outline: <signal> ends the server when what is begun is done
    Given a conforming image "acceptance/marker"
    And every manifest of "acceptance/marker" is held
    When the server is started with
      | --policy | policy.yaml |
    And client "slow" begins to ask the server to judge
      """
      {"image": "${REGISTRY}/acceptance/marker:latest"}
      """
    And the registry is asked for the manifest of "acceptance/marker"
    And the server gets <signal>
    Then no new request is taken any more
    And the server still runs
    When the registry answers again
    And client "slow" is answered
    Then the answer's violations are "main.asked"
    When the server ends
    Then the exit status should be 0
    And no temporary file is left

    Examples:
      | id | signal  |
      | 1  | SIGTERM |
      | 2  | SIGINT  |

  @server-09
  Scenario: clients that are silent don't hold up the end
    When the server is started with
      | --policy | policy.yaml |
    And 3 clients connect and say nothing
    And the server gets SIGTERM
    And the server ends
    Then the exit status should be 0

  @server-10
  Scenario: ready isn't said before the policies are there
    Given a policy artifact "acceptance/rules" tagged "v1" with
      | main.rego | policy/first.rego |
    And every manifest of "acceptance/rules" is held
    When the server begins to start with
      | --policy | {"sources": [{"policy": ["oci::${REGISTRY}/acceptance/rules:v1"]}]} |
    And the registry is asked for the manifest of "acceptance/rules"
    Then the server isn't ready
    When the registry answers again
    And the server becomes ready
    And the server is asked to judge
      """
      {"fine": 1}
      """
    Then the answer's violations are "none"

  @server-11 @server-11.<id>
  Scenario Outline: there is no server: <what>
    Given a file "broken/main.rego" with
      """
      package main

      deny contains
      """
    When "validate input" is run with
      | --server      |          |
      | --server-port | 0        |
      | --policy      | <policy> |
    Then the server doesn't start, with the error
      """
      <error>
      """

    Examples:
      | id | what                       | policy                                   | error                                                                 |
      | 1  | rules that don't compile   | {"sources": [{"policy": ["./broken"]}]}  | loading policy sources: …main.rego:3: rego_parse_error: …             |
      | 2  | a source that isn't there  | {"sources": [{"policy": ["./missing"]}]} | loading policy sources: …no such file or directory                    |
      | 3  | no sources                 | {"sources": []}                          | no evaluators created from policy sources, check policy configuration |

  @server-13 @server-13.<id>
  Scenario Outline: nothing can be listened to: <what>
    When "validate input" is run with
      | --server         |             |
      | --server-address | <address>   |
      | --server-port    | <port>      |
      | --policy         | policy.yaml |
    Then the server doesn't start, with the error
      """
      listen on <address>:<port>: listen tcp<error>
      """

    Examples:
      | id | what                                | address   | port             | error                                               |
      | 1  | a port that there isn't             | 127.0.0.1 | 99999            | : address 99999: invalid port                       |
      | 2  | a port that somebody has            | 127.0.0.1 | ${REGISTRY_PORT} | …: bind: address already in use                     |
      | 3  | an address of IPv6 without brackets | ::1       | 8080             | : address ::1:8080: too many colons in address      |
      | 4  | a name that nobody has              | a.invalid | 8080             | : lookup a.invalid…: no such host                   |

  @server-12
  Scenario: requests and their answers are in the log, each a line of JSON
    When the server is started with
      | --policy  | policy.yaml |
      | --workers | 3           |
      | --output  | yaml        |
    And the server is asked "GET /nothing"
    And the server gets SIGTERM
    And the server ends
    Then the exit status should be 0
    And standard error has the warning "Flag --workers has no effect in server mode"
    And standard error has the warning "Flag --output has no effect in server mode"
    And the log has a line of JSON with
      | msg    | Request completed |
      | method | GET               |
      | path   | /nothing          |
      | status | 404               |
      | level  | info              |
    And the log has a line of JSON with
      | msg | Server stopped |
