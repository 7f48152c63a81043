//! Interfaces that come and go.

use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::space::Space;
use crate::talk::{Client, server};

#[test]
fn one_that_vanishes_does_not_end_the_agent_and_one_that_comes_is_captured() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-vanish");
    space.ip("link add v0 type veth peer name v1");
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "v0", "-i", "lo", "-i", "later*"]);
    agent.says("capturing v0").says("capturing lo");
    space.ip("link del v0");
    agent.says("v0 is gone");
    let address = server(&space, true);
    Client::connect(&space, address).ask("/still");
    agent.tells(1, |log| log["request_resource"] == "/still");

    space.ip("link add later0 type veth peer name v1");
    agent.says("capturing later0");
    space.ip("link add v0 type veth peer name v2");
    until("v0 once more", || agent.stderr().matches("capturing v0").count() == 2);
    Client::connect(&space, address).ask("/at-last");
    agent.tells(1, |log| log["request_resource"] == "/at-last");
    let ended = agent.end("TERM");
    ended.accounts();
    assert!(ended.stderr.contains("weir: 3 interfaces"), "{}", ended.stderr);
    assert_eq!(ended.count(" lost\n"), 0, "{}", ended.stderr);
}

#[test]
fn a_pattern_without_an_interface_waits() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-wait");
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "veth?"]);
    agent.says("no interface matches yet");
    space.ip("link add veth0 type veth peer name other");
    agent.says("capturing veth0");
    assert_eq!(agent.end("TERM").status, Some(0));
}

#[test]
fn one_that_goes_down_and_up_is_captured_on() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-down");
    let address = server(&space, true);
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "any"]);
    agent.says("capturing lo");
    space.ip("link set lo down");
    std::thread::sleep(std::time::Duration::from_millis(300));
    space.ip("link set lo up");
    Client::connect(&space, address).ask("/up");
    agent.tells(1, |log| log["request_resource"] == "/up");
    agent.end("TERM").accounts();
}

#[test]
fn a_filter_leaves_the_rest_to_the_kernel() {
    let Some(space) = Space::new(&["tcpdump"]) else { return };
    let folder = Folder::new("agent-filter");
    let (wanted, other) = (server(&space, true), server(&space, true));
    let filter = format!("tcp port {}", wanted.port());
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo", "--bpf", &filter]);
    agent.says("capturing lo");
    for number in 0..20 {
        Client::connect(&space, other).ask(&format!("/other/{number}"));
    }
    Client::connect(&space, wanted).ask("/wanted");
    agent.tells(1, |log| log["request_resource"] == "/wanted");
    let ended = agent.end("TERM");
    ended.accounts();
    assert_eq!(ended.logs.len(), 1);
    // Twenty connections would be two hundred.
    assert!(ended.count(" captured = ") < 20, "{}", ended.stderr);
}
