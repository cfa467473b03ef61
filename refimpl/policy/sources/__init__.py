"""Where rules, data and configurations come from: directories, git, the web and OCI artifacts (specification 11 §4)."""
