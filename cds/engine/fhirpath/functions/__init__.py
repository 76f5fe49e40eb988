"""What FHIRPath operators and functions do with values, one module per chapter of the specification."""
