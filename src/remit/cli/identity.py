"""Who somebody is on the command line: who signed in, or where nobody can, whoever they say."""

CHANNEL = "cli"
IDENTITY = (
    "Where people have accounts (`remit people add`), `--as` needs `remit sign-in` first. Where "
    "nobody has one you are whoever you name: who can open the key file can be anybody. The "
    'record says that it came from the channel "cli".'
)
