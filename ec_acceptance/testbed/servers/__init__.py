"""The servers of the testbed that are no registry: git, Kubernetes, proxies, third parties."""
