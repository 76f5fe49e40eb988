"""What the authors wrote: guidelines as FHIR artifacts, found, read strictly, and checked to be whole."""
