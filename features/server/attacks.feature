Feature: A server that strangers send to

  Whatever a client sends or leaves unsent costs it its own verdict, never another one's, and memory, time and connections
  have limits (docs/security.md).

  Background:
    Given a folder "rules" with
      | main.rego | server/attacks.rego |
    And a file "policy.yaml" with
      """
      sources: [{policy: [./rules]}]
      """

  @server-20
  Scenario: a body without end is given up at its limit
    When the server is started with
      | --policy | policy.yaml |
    And a client sends chunks without end
    Then the answer is the error 413
      """
      request body exceeds 80MB limit
      """
    And the client had to send less than 120 MiB

  @server-21
  Scenario: a body that announces too large a size isn't waited for
    When the server is started with
      | --policy | policy.yaml |
    And a client announces 83886081 bytes and sends none of them
    Then the answer is the error 413
      """
      request body exceeds 80MB limit
      """

  @server-22 @server-22.<id>
  Scenario Outline: clients that send half a <what> don't hold up others
    When the server is started with
      | --policy | policy.yaml |
    And 40 clients send half a <what>
    And the server is asked to judge
      """
      {"bad": 1}
      """
    Then the answer's violations are "main.bad"

    Examples:
      | id | what |
      | 1  | head |
      | 2  | body |

  @server-23
  Scenario: more clients than there is room for don't lock out others
    When the server is started with
      | --policy | policy.yaml |
    And 700 clients connect and say nothing
    And the server is asked to judge
      """
      {"bad": 1}
      """
    Then the answer's violations are "main.bad"
    When the server is asked "GET /live"
    Then the answer's status is 200

  @server-24 @server-24.<id>
  Scenario Outline: there is no other way to the endpoint: <path>
    When the server is started with
      | --policy | policy.yaml |
    And the server is asked "POST <path>"
    Then the answer's status is <status>

    Examples:
      | id | path                             | status |
      | 1  | /v1/validate/input/              | 404    |
      | 2  | /V1/validate/input               | 404    |
      | 3  | /v1/validate/input;x             | 404    |
      | 4  | /v1/validate%2Finput             | 404    |
      | 5  | /v1/validate/input/..%2Finput    | 404    |
      | 6  | /../../etc/passwd                | 404    |
      | 7  | //v1/validate/input              | 404    |
      | 8  | /live/../v1/validate/input       | 404    |
      | 9  | /v1/%76alidate/input             | 404    |
      | 10 | /v1/validate/input#/../live      | 404    |

  @server-25 @server-25.<id>
  Scenario Outline: other methods: <request>
    When the server is started with
      | --policy | policy.yaml |
    And the server is asked "<request>"
    Then the answer's status is 405
    And the answer's field "Allow" is "<allowed>"
    And the answer's body is "<body>"

    Examples:
      | id | request                   | allowed   | body                 |
      | 1  | GET /v1/validate/input    | POST      | Method Not Allowed\n |
      | 2  | HEAD /v1/validate/input   | POST      |                      |
      | 3  | PUT /v1/validate/input    | POST      | Method Not Allowed\n |
      | 4  | DELETE /v1/validate/input | POST      | Method Not Allowed\n |
      | 5  | POST /live                | GET, HEAD | Method Not Allowed\n |
      | 6  | POST /ready               | GET, HEAD | Method Not Allowed\n |

  @server-26 @server-26.<id>
  Scenario Outline: no verdict on what isn't what it says: <what>
    When the server is started with
      | --policy | policy.yaml |
    And the server is asked to judge "<type>"
      """
      <body>
      """
    Then the answer is the error 400
      """
      <error>
      """

    Examples:
      | id | what                          | type             | body       | error                                      |
      | 1  | YAML that is called JSON      | application/json | bad: yes   | request body is not valid JSON or YAML…    |
      | 2  | a list that is called YAML    | application/yaml | [{bad: 1}] | request body is not valid JSON or YAML…    |
      | 3  | JSON that breaks off          | application/json | {"bad":    | request body is not valid JSON or YAML…    |
      | 4  | YAML that breaks off          | application/yaml | bad: [     | request body is not valid JSON or YAML…    |
      | 5  | a text                        | text/plain       | bad        | request body is not valid JSON or YAML…    |
      | 6  | two JSON texts                | application/json | {} {"a":1} | request body is not valid JSON or YAML…    |
      | 7  | nothing                       | application/json |            | request body is empty                      |

  @server-27 @server-27.<id>
  Scenario Outline: what costs too much isn't judged, and the next one is: <count> <what>
    When the server is started with
      | --policy | policy.yaml |
    And the server is asked to judge <count> <what>
    Then the answer is the error 400
      """
      request body is not valid JSON or YAML…
      """
    When the server is asked to judge
      """
      {"bad": 1}
      """
    Then the answer's violations are "main.bad"

    Examples:
      | id | count   | what               |
      | 1  | 100000  | nested lists       |
      | 2  | 100000  | nested objects     |
      | 3  | 300     | nested lists       |
      | 4  | 5000000 | numbers in a list  |
      | 5  | 9       | aliases of aliases |

  @server-28
  Scenario: rules that fail for one input cost no other one its verdict
    Given a conforming image "acceptance/marker"
    And every manifest of "acceptance/marker" is held
    When the server is started with
      | --policy | policy.yaml |
    And client "other" begins to ask the server to judge
      """
      {"image": "${REGISTRY}/acceptance/marker:latest"}
      """
    And the registry is asked for the manifest of "acceptance/marker"
    And the server is asked to judge
      """
      {"fails": true}
      """
    Then the answer is the error 500
      """
      evaluation failed
      """
    When the registry answers again
    And client "other" is answered
    Then the answer's violations are "main.asked"

  @server-29
  Scenario: an input whose evaluation never ends costs no other one its verdict
    When the server is started with
      | --policy | policy.yaml |
    And client "endless" begins to ask the server to judge
      """
      {"endless": true}
      """
    And the server is asked to judge
      """
      {"fine": 1}
      """
    And the server is asked to judge
      """
      {"bad": 1}
      """
    Then the answer's violations are "main.bad"
    And client "endless" still waits

  @server-30 @server-30.<id>
  Scenario Outline: what two readers could read otherwise is refused: <what>
    When the server is started with
      | --policy | policy.yaml |
    And the bytes are sent
      """
      POST /v1/validate/input <version>
      <fields>

      <body>
      """
    Then the answer is the error <status>
      """
      …
      """
    And the answer's field "Connection" is "close"

    Examples:
      | id | what                        | version  | fields                                                      | body                       | status |
      | 1  | two different lengths       | HTTP/1.1 | Host: a\r\nContent-Length: 10\r\nContent-Length: 4          | {"bad": 1}                 | 400    |
      | 2  | a length and chunks         | HTTP/1.1 | Host: a\r\nContent-Length: 10\r\nTransfer-Encoding: chunked | 2\r\n{}\r\n0\r\n\r\n       | 400    |
      | 3  | no host                     | HTTP/1.1 | Content-Length: 10                                          | {"bad": 1}                 | 400    |
      | 4  | a length that is no number  | HTTP/1.1 | Host: a\r\nContent-Length: +10                              | {"bad": 1}                 | 400    |
      | 5  | a coding that nobody undoes | HTTP/1.1 | Host: a\r\nTransfer-Encoding: gzip, chunked                 | 2\r\n{}\r\n0\r\n\r\n       | 501    |
      | 6  | a field on two lines        | HTTP/1.1 | Host: a\r\nContent-Length\r\n : 10                          | {"bad": 1}                 | 400    |
      | 7  | a broken chunk              | HTTP/1.1 | Host: a\r\nTransfer-Encoding: chunked                       | {"bad": 1}\r\n             | 400    |
      | 8  | a version that there isn't  | HTTP/9.9 | Host: a\r\nContent-Length: 10                               | {"bad": 1}                 | 505    |
      | 9  | chunks in an old version    | HTTP/1.0 | Host: a\r\nTransfer-Encoding: chunked                       | a\r\n{"bad": 1}\r\n0\r\n\r\n | 400    |
      | 10 | a host that is none         | HTTP/1.1 | Host: a b/c\r\nContent-Length: 10                           | {"bad": 1}                 | 400    |
      | 11 | what nobody can expect      | HTTP/1.1 | Host: a\r\nContent-Length: 10\r\nExpect: wonders            | {"bad": 1}                 | 417    |

  @server-31
  Scenario: a head without end is given up
    When the server is started with
      | --policy | policy.yaml |
    And a client sends a head of 1 MiB
    Then the answer is the error 431
      """
      request header fields are too large
      """

  @server-32
  Scenario: requests that come together are answered one by one, each by its own verdict
    When the server is started with
      | --policy | policy.yaml |
    And the bytes are sent, and 3 answers are read
      """
      POST /v1/validate/input HTTP/1.1
      Host: a
      Content-Length: 10

      {"bad": 1}POST /nothing HTTP/1.1
      Host: a
      Content-Length: 48

      POST /v1/validate/input HTTP/1.1 is no request!!POST /v1/validate/input HTTP/1.1
      Host: a
      Content-Length: 11

      {"fine": 1}
      """
    Then the answers are "main.bad", "404" and "none"

  @server-33
  Scenario: what a registry said for one request isn't remembered for the next
    Given a conforming image "acceptance/marker"
    When the server is started with
      | --policy | policy.yaml |
    And the server is asked to judge
      """
      {"image": "${REGISTRY}/acceptance/marker:latest"}
      """
    Then the answer's violations are "main.asked"
    When the registry forgets "acceptance/marker"
    And the server is asked to judge
      """
      {"image": "${REGISTRY}/acceptance/marker:latest"}
      """
    Then the answer's violations are "none"

  @server-34
  Scenario: clients that go away don't end anything
    When the server is started with
      | --policy | policy.yaml |
    And 50 clients ask the server to judge, and go away
    And the server is asked to judge
      """
      {"bad": 1}
      """
    Then the answer's violations are "main.bad"
    When the server gets SIGTERM
    And the server ends
    Then the exit status should be 0
    And standard error holds no trace

  @server-35
  Scenario: what a client writes doesn't become a line of the log
    When the server is started with
      | --policy | policy.yaml |
    And the bytes are sent
      """
      GET /x","level":"error","msg":"forged HTTP/1.1
      Host: a


      """
    And the server gets SIGTERM
    And the server ends
    Then the exit status should be 0
    And the log has no line of JSON with
      | msg | forged |
