"""The report's fifteen sections, a module a group of them."""
