"""The sandbox page: a stand-in for an EHR, so that a person sees hook calls, cards and their reasons in a browser."""
