"""The configuration of nats-server: its own settings, and one file per account with users and rights."""
