"""Several streams made one: fitted, on one clock, in one format, with alphas and transitions."""
