//! Every request of wrk at full speed, and bodies larger than what is captured of a call.

use crate::agent::until;
use crate::compare::{Difference, assert_same, difference};
use crate::nginx::{Line, Nginx, curl, line};
use crate::program::Folder;
use crate::server::run;
use crate::source::{Source, sessions, stat};
use crate::space::Space;

/// Enough that every block, batch and CPU has its turn many times.
const REQUESTS: usize = 20_000;

const LOCATIONS: &str =
    "location / { return 200 ok; } location ~ 7$ { return 404; } location ~ 9$ { return 503; }
    location ~ 5$ { return 302 /elsewhere; }";

const SCRIPT: &str = r#"
n = 0
methods = {"GET", "GET", "POST", "PUT", "DELETE"}
request = function()
    n = n + 1
    local method = methods[n % #methods + 1]
    local body = (method == "POST" or method == "PUT") and string.rep("b", n % 300) or nil
    return wrk.format(method, "/r" .. n, nil, body)
end
"#;

#[test]
fn every_request_at_full_speed_has_one_log() {
    let Some(space) = Space::new(&["nginx", "curl", "wrk"]) else { return };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-wrk-{source:?}"));
        let nginx = Nginx::start(&space, &folder, "nginx", 8081, LOCATIONS, "");
        let script = folder.file("mix.lua", SCRIPT);
        let agent = source.start(&space, &folder, "nginx", &[]);
        while nginx.lines().len() < REQUESTS {
            run(&space, "wrk", &["-t1", "-c16", "-d2s", "-s", &script, "http://127.0.0.1:8081/"]);
        }
        curl(&space, 8081, "/end");
        until("the last one", || agent.logs().iter().any(|log| log["request_resource"] == "/end"));
        let ended = agent.end("TERM");
        let (wanted, told): (Vec<_>, Vec<_>) = (nginx.lines(), sessions(&ended.logs).map(line).collect());
        let Difference { missing, invented } = difference(&wanted, &told);
        assert!(
            invented.is_empty(),
            "{source:?}: {} invented {:?}\n{}",
            invented.len(),
            invented[0],
            ended.stderr
        );
        // A frame or a record that is lost can take the request in it along, or the answer of one.
        let lost = stat(&ended, "capture", "ring-full") + stat(&ended, "system-calls", "ring-full");
        let enough = missing.len() as u64 <= lost;
        assert!(enough, "{source:?}: {} missing of {}\n{}", missing.len(), wanted.len(), ended.stderr);
        println!("{source:?}: {} requests, {} missing, {lost} records lost", wanted.len(), missing.len());
    }
}

/// More than is captured of a call.
const BIG: usize = 300 << 10;

#[test]
fn bodies_beyond_the_limit_and_from_files_are_stepped_over() {
    let Some(space) = Space::new(&["nginx", "curl"]) else { return };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-big-{source:?}"));
        let nginx = Nginx::start(&space, &folder, "nginx", 8081, LARGE, "");
        let body = folder.file("nginx/big", vec![b'x'; BIG]);
        let agent = source.start(&space, &folder, "nginx", &[]);
        // So small that it would fit into a record, if it were in the program's memory.
        folder.file("nginx/small", [b'x'; 300]);
        let urls = ["a", "big?1", "small", "big?2", "c"].map(|path| format!("http://127.0.0.1:8081/{path}"));
        let urls: Vec<_> = urls.iter().map(String::as_str).collect();
        // One connection: whoever mistakes the length of a body does not find the next request.
        let sent = format!("@{body}");
        run(&space, "curl", &[&["-s", "--fail-early", "-o", "/dev/null"], &urls[..]].concat());
        let post = ["-s", "-o", "/dev/null", "-H", "Expect:", "--data-binary", &sent];
        run(&space, "curl", &[&post, &urls[..]].concat());
        curl(&space, 8081, "/end");
        until("the last one", || agent.logs().iter().any(|log| log["request_resource"] == "/end"));
        let ended = agent.end("TERM");
        let told: Vec<Line> = sessions(&ended.logs).map(line).collect();
        assert_same(&format!("{source:?}"), &nginx.lines(), &told, &ended);
        for (field, count) in [("request_length", 5), ("response_length", 2)] {
            let large = ended.logs.iter().filter(|log| log[field].as_u64() > Some(BIG as u64));
            assert_eq!(large.count(), count, "{source:?} {field}");
        }
        source.lost_nothing(&ended);
    }
}

/// A file is sent to GET alone (405); what was posted is read and thrown away.
const LARGE: &str = "location / { return 200 ok; } location = /big { } location = /small { }";
