//! What a person sees, in three sizes and with names of an attacker.
