"""Components judged by workers of Dask's, on this machine or others (docs/scale.md)."""
