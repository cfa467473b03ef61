"""Components judged by Dask workers, on this machine or others (docs/scale.md)."""
