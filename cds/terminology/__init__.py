"""Value sets and concept maps: which codes belong to a concept, and which standard code a local code stands for."""
