//! Help has examples at every level and shows nothing that is not there.

use crate::program::weir;

#[test]
fn every_level_has_an_example() {
    for arguments in [&["--help"][..], &["replay", "--help"], &["replay", "-h"]] {
        let run = weir(arguments);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        assert!(run.stdout.contains("Examples:\n  weir replay trace.pcap"), "{}", run.stdout);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_agent_says_what_it_needs_and_how_it_ends() {
    let run = weir(["agent", "--help"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    for words in ["Examples:\n  weir agent -i eth0 ", "CAP_NET_RAW", "SIGTERM", "SIGHUP"] {
        assert!(run.stdout.contains(words), "{}", run.stdout);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn top_tells_its_keys() {
    let run = weir(["top", "--help"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    for words in ["Examples:\n  weir top -i eth0 ", "--once", "e errors", "CAP_NET_RAW"] {
        assert!(run.stdout.contains(words), "{}", run.stdout);
    }
}

#[test]
fn only_commands_that_work_are_shown() {
    let help = weir(["--help"]).stdout;
    for later in ["server", "ctl", "query"] {
        assert!(!help.contains(&format!("\n  {later}")), "{help}");
    }
}

#[test]
fn no_command_shows_the_help_and_is_wrong() {
    let run = weir([""; 0]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("Usage: weir <COMMAND>"), "{}", run.stderr);
}

#[test]
fn wrong_usage_is_one_line() {
    for (arguments, words) in [
        (&["replay"][..], "required"),
        (&["reply", "x"], "replay"),
        (&["replay", "x", "--format", "json"], "jsonl"),
        (&["replay", "x", "--thread", "2"], "--threads"),
        (&["replay", "x", "--threads", "1000"], "1..=64"),
    ] {
        let run = weir(arguments);
        assert_eq!(run.status, 2);
        assert!(run.refusal().contains(words), "{}", run.stderr);
    }
}

#[test]
fn the_version_is_told() {
    let run = weir(["--version"]);
    assert_eq!((run.status, run.stdout), (0, format!("weir {}\n", env!("CARGO_PKG_VERSION"))));
}
