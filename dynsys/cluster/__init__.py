"""Where work is spread over processes and machines: Dask's workers, and pieces kept on the way."""
