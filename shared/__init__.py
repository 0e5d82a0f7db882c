"""The kernel: what every service needs to record, read and answer, without one word of the domain."""
