"""One module per step type: ``lower`` turns a step's config and inputs into lazily evaluated streams."""
