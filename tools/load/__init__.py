"""Load on a server of one's own, on loopback only: how much it can take, and how it behaves beyond that."""
