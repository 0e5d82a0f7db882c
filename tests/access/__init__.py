"""Who may do what: tokens, the gate, and the matrices of roles."""
