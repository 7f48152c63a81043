//! A private protocol that only a user's plugin knows, on a port that nobody configured.

use crate::agent::Agent;
pub(crate) use crate::echo::echo;
use crate::program::Folder;
use crate::space::Space;
use crate::talk::{Client, server};

#[test]
fn it_gives_logs_on_any_port() {
    let Some(space) = Space::new(&[]) else { return };
    let folder = Folder::new("agent-echo");
    let address = server(&space, false);
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo", "--plugin", &echo()]);
    agent.says("capturing lo");
    let mut client = Client::connect(&space, address);
    for number in 0..100 {
        assert_eq!(client.line(&format!("PING {number}\n")), format!("PONG {number}\n"));
    }
    agent.tells(100, |log| log["l7_protocol"] == "Echo" && log["type"] == "session");
    let ended = agent.end("TERM");
    ended.accounts();
    for (number, log) in ended.logs.iter().enumerate() {
        assert_eq!(log["request_resource"], number.to_string());
        assert_eq!(log["response_result"], number.to_string());
        assert_eq!(log["server_port"], address.port());
    }
}
