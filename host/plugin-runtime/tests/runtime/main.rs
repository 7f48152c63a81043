//! The runtime from outside: the echo plugin through both doors, guests that break every rule, and the layout of records.

mod echo;
mod support;
