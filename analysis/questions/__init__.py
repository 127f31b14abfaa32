"""Questions put to a prepared review: stresses, sensitivity, reverse stress, rate paths, options, a grid of scenarios."""
