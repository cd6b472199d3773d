"""Who somebody is on the command line: whoever they say."""

CHANNEL = "cli"
IDENTITY = (
    "On the command line you are whoever you name: who can open the key file can be anybody, and "
    'the record says that the verdict came from the channel "cli". In the console each person '
    "signs in."
)
