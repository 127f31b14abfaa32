"""A book's past and the fund ahead: ledgers as known on a day, cohorts, projection, indicated rate."""
