"""Questions put to the models: the rate review, scenarios, comparison, sensitivity, back-test, charts."""
