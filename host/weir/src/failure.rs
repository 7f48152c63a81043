//! Why a command did not do what it was asked. One line a failure: what, where, what to do.

use std::fmt;

/// A command's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: FailureKind,
    message: String,
}

/// Whose turn it is; decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Something outside of the command line went wrong: exit status 1.
    Runtime,
    /// The command line or a configuration is wrong: exit status 2.
    Usage,
}

impl Failure {
    /// Something outside of the command line went wrong.
    #[must_use]
    pub fn runtime(message: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Runtime, message: one_line(&message.to_string()) }
    }

    /// The command line or a configuration is wrong.
    #[must_use]
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Usage, message: one_line(&message.to_string()) }
    }

    /// The status that the process ends with.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self.kind {
            FailureKind::Runtime => 1,
            FailureKind::Usage => 2,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Messages carry names of files and texts of plugins: neither may break the line or reach a terminal raw.
pub(crate) fn one_line(message: &str) -> String {
    let clean: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_without_escapes() {
        assert_eq!(Failure::runtime("can not open a\n\x1b[2Jb\n").to_string(), "can not open a  [2Jb");
    }

    #[test]
    fn statuses_are_those_of_the_contract() {
        assert_eq!((Failure::runtime("x").exit_status(), Failure::usage("x").exit_status()), (1, 2));
    }
}
