"""Intake (visitation og forløb): programmes, persons, and their way from a referral to an end."""
