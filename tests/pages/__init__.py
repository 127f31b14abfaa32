"""Every page launched without a browser."""
