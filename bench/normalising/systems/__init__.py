"""One program for each library, run in an environment of its own."""
