"""The only seam where data are big: what an engine must be able to do, and the engine that polars gives."""
