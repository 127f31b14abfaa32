"""What goes in: the book of a fund, the dated parameters of the law, the demonstration and the reference books."""
