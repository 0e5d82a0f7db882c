"""What breaks while people work: processes, servers, databases, disks, clocks."""
