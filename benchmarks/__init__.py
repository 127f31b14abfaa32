"""One script a claim: ours beside a peer in the same run, as a ratio. Timing never decides a test."""
