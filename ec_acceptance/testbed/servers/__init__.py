"""The testbed's servers other than registries: git, Kubernetes, proxies, third parties."""
