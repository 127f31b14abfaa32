"""Tables of the literature, reproduced to the digits printed."""
