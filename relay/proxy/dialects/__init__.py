"""One module per upstream dialect; none imports another."""
