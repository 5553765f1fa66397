"""What `%asyncmd` commands and users show: one function for each view."""
