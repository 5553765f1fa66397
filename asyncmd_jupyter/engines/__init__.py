"""MD programs: say which command is to run, never start a process."""
