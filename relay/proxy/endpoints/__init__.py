"""What the relay serves: a module per family of paths. Each reads requests; none moves money."""
