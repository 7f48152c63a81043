//! Every command of `weir plugin` has a help with examples, and wrong usage says where it is.

use crate::program::weir;

const COMMANDS: [&str; 6] = ["new", "check", "inspect", "test", "bench", "fuzz"];

#[test]
fn every_level_has_examples() {
    let all = weir(["plugin", "--help"]);
    assert_eq!(all.status, 0);
    for command in COMMANDS {
        assert!(all.stdout.contains(&format!("\n  {command} ")), "{}", all.stdout);
        let run = weir(["plugin", command, "--help"]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        let example = format!("Examples:\n  weir plugin {command} ");
        assert!(run.stdout.contains(&example), "{}", run.stdout);
    }
}

#[test]
fn wrong_usage_is_one_line_that_names_the_command() {
    for (arguments, words) in [
        (&["plugin", "chek"][..], "weir plugin --help"),
        (&["plugin", "check"], "weir plugin check --help"),
        (&["plugin", "test", "x.wasm"], "weir plugin test --help"),
        (&["plugin", "bench", "x.wasm", "--pcap", "y", "--batch", "0"], "1..=4096"),
        (&["plugin", "fuzz", "x.wasm", "--pcap", "y", "--runs", "1", "--seconds", "1"], "--seconds"),
        (&["plugin", "new", "--lang", "cobol", "x"], "rust, go"),
    ] {
        let run = weir(arguments);
        assert_eq!(run.status, 2, "{arguments:?}");
        assert!(run.refusal().contains(words), "{}", run.stderr);
    }
    let run = weir(["plugin"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("Usage: weir plugin <COMMAND>"), "{}", run.stderr);
}
