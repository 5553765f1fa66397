"""Files in folders that others can write to, on file systems that fail at times."""
