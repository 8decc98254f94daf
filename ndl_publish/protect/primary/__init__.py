"""Rules that find the cells to withhold for what they are. One rule, one file."""
