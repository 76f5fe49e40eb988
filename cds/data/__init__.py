"""From a hook request to patient data: what is asked for, what came, what is read from the EHR, and what it means."""
