"""The run time: values and one plain function per operator, shared by everything that compiled code calls."""
