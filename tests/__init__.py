"""What is promised: rules without I/O, contracts with a real server, journeys through the services."""
