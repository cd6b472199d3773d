"""The command line: `remit`, one file for each command."""
