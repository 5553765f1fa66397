"""The commands of ``%asyncmd``, one in each file: a new one is a new file with a `COMMAND`."""
