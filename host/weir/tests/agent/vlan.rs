//! Frames with a VLAN tag, which the kernel takes out on their way.

use crate::agent::Agent;
use crate::capture::Capture;
use crate::program::Folder;
use crate::space::Space;

/// Sends the frames of a pcap file out of an interface, with a tag behind the addresses.
const SEND: &str = "
import socket, struct, sys, time
data = open(sys.argv[1], 'rb').read()[24:]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[2], 0))
while data:
    length = struct.unpack('<I', data[8:12])[0]
    frame, data = data[16:16 + length], data[16 + length:]
    out.send(b'\\xff' * 6 + frame[6:12] + b'\\x81\\x00\\x00\\x05' + frame[12:])
    time.sleep(0.0005)
";

#[test]
fn tagged_frames_give_logs_and_match_filters() {
    let Some(space) = Space::new(&["python3", "tcpdump"]) else { return };
    let folder = Folder::new("agent-vlan");
    space.ip("link add v0 type veth peer name v1");
    space.ip("link set v0 up");
    space.ip("link set v1 up");
    let file = folder.file("http.pcap", Capture::http(5, 10));
    let script = folder.file("send.py", SEND);
    let filter = ["--bpf", "tcp port 8080"];
    let mut plain = Agent::start(&space, &folder, "plain", &["-i", "v1"]);
    let mut filtered = Agent::start(&space, &folder, "filtered", &[&["-i", "v1"], &filter[..]].concat());
    for agent in [&mut plain, &mut filtered] {
        agent.says("capturing v1");
    }
    let sent = space.command("python3").args([&script, &file, "v0"]).output().unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    for mut agent in [plain, filtered] {
        agent.tells(50, |log| log["type"] == "session" && log["server_port"] == 8080);
        agent.end("TERM").accounts();
    }
}
