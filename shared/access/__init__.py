"""Who may do what: tokens, roles, and the programmes that a role is held for."""
