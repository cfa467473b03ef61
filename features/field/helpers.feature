Feature: How a run ends while it waits for a program

  Background:
    Given the usual flags "--json-input ${IMAGES} --policy policy.yaml --public-key ${known_PUBLIC_KEY} --ignore-rekor --show-successes --output json"

  @process-02 @process-02.<id>
  Scenario Outline: <signal> ends a run that waits for a credential helper, and the helper
    Given the registry demands the credentials "user" and "password" (Basic)
    And the Docker configuration names a helper that never answers
    And a conforming image "acceptance/app"
    And a folder "rules" with
      | main.rego | policy/named.rego |
    And the policy configuration "sources: [{policy: [./rules]}]"
    When "validate image" starts
    And the helper is being asked
    And the validation gets <signal>, and all its processes end
    Then the exit status should be <status>
    And no temporary file is left

    Examples:
      | id | signal  | status |
      | 1  | SIGINT  | 130    |
      | 2  | SIGTERM | 143    |
