"""What people see: pages over the functions that commands and the API share."""
