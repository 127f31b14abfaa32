"""What was said against what came: reconciliation, actual against expected, past year-ends, early warning."""
