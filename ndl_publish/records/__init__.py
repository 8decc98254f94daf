"""Records in, one checked row per child out: read, check, link, derive."""
