"""A validator made of a tool that only fetches images, so that scenarios judge the tool's cache (docs/pullers.md)."""
