//! What the machine told -> which requests the agents saw.
//!
//! Takes: the text of its second serial port (init.sh writes it). Gives: rows of a table, and what is missing or too much, one request
//! for one. What counts is what the servers logged.

mod section;
mod tally;

use anyhow::{Context, Result};

use self::section::{Sections, requests, sessions};
use self::tally::{Request, Tally};

/// The columns.
pub(super) const TITLES: [&str; 10] = [
    "kernel",
    "way",
    "HTTP, packets",
    "DNS, packets",
    "HTTP, system calls",
    "DNS, system calls",
    "HTTPS, OpenSSL",
    "HTTPS, Go",
    "lost",
    "seconds to load",
];

/// Ports of the servers in the machine.
const HTTP: u64 = 80;
const HTTPS: u64 = 443;
const GO: u64 = 8443;
const DNS: u64 = 53;

/// Who asks at a port, and who serves it: each request is told of both.
const ENDS: [(u64, [&str; 2]); 4] = [
    (HTTP, ["curl", "nginx"]),
    (HTTPS, ["curl", "nginx"]),
    (GO, ["curl", "shop"]),
    (DNS, ["nslookup", "dnsmasq"]),
];

/// What the agent says where programs of Go can not be probed.
const NO_GO: &str = "programs of Go need Linux 5.15";

/// The way in which the address of a datagram is known where its socket has none; dnsmasq's is such a socket.
const AT_SOCKETS: &str = "sockets";

/// Of one kernel.
pub(super) struct Verdict {
    kernel: String,
    packets: Agent,
    ways: Vec<Way>,
}

/// One way of capturing system calls.
struct Way {
    name: String,
    /// From the agent's start until everything is in the kernel.
    seconds: f64,
    /// Requests whose server has no address.
    nowhere: usize,
    agent: Agent,
}

/// What one agent told, by port.
struct Agent {
    tallies: Vec<(u64, Tally)>,
    /// What it said of itself.
    said: String,
}

impl Verdict {
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut sections = Sections::of(text);
        let kernel = sections.next_of("kernel")?.title.to_owned();
        let (mut ways, mut all) = (Vec::new(), Vec::new());
        while let Some(way) = sections.next_if("way") {
            let (name, hundredths) = way.title.split_once(' ').context("a way without its time")?;
            let mut asked = requests(sections.next_of("access")?.body)?;
            asked.extend(section::queries(sections.next_of("dns")?.body));
            let lines = sections.next_of("sessions")?.body;
            let (told, nowhere) = (sessions(lines)?, section::nowhere(lines));
            let said = sections.next_of("agent")?.body.to_owned();
            let sees_go = !said.contains(NO_GO);
            let both =
                asked.iter().flat_map(|request| ends(request.port, sees_go).map(|end| request.of(end)));
            let agent = Agent { tallies: tallies(&both.collect::<Vec<_>>(), &told), said };
            let seconds = hundredths.parse::<f64>()? / 100.0;
            ways.push(Way { name: name.to_owned(), seconds, nowhere, agent });
            all.extend(asked);
        }
        let told = sessions(sections.next_of("packets")?.body)?;
        let said = sections.next_of("agent")?.body.to_owned();
        // Encrypted.
        all.retain(|request| request.port == HTTP || request.port == DNS);
        let packets = Agent { tallies: tallies(&all, &told), said };
        Ok(Self { kernel, packets, ways })
    }

    /// Lines of the table.
    pub(super) fn rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.ways.iter().map(|way| {
            let (packets, calls) = (&self.packets, &way.agent);
            vec![
                self.kernel.clone(),
                way.name.clone(),
                packets.count(HTTP),
                packets.count(DNS),
                calls.count(HTTP),
                calls.count(DNS),
                calls.count(HTTPS),
                calls.count(GO),
                calls.lost().unwrap_or_else(|| "nothing".to_owned()),
                format!("{:.1}", way.seconds),
            ]
        })
    }

    /// What is not as it should be.
    pub(super) fn complaints(&self) -> Vec<String> {
        let packets = self.packets.complaints("packets", &[HTTP, DNS]);
        let ways = self.ways.iter().filter(|way| !self.is_known_to_miss(way));
        let calls = ways.flat_map(|way| way.agent.complaints(&way.name, &[HTTP, DNS, HTTPS, GO]));
        let mut complaints: Vec<_> = packets.into_iter().chain(calls).collect();
        for way in self.ways.iter().filter(|way| way.name == AT_SOCKETS && way.nowhere > 0) {
            complaints.push(format!("{}: {} requests without their server's address", way.name, way.nowhere));
        }
        if self.ways.is_empty() {
            complaints.push("system calls were not captured in any way".to_owned());
        }
        complaints
    }
}

/// Those whose view of a port is told.
fn ends(port: u64, sees_go: bool) -> impl Iterator<Item = &'static str> {
    let ends = ENDS.into_iter().filter(move |(of, _)| *of == port).flat_map(|(_, ends)| ends);
    ends.take(if port == GO && !sees_go { 1 } else { 2 })
}

impl Verdict {
    /// Where there is a better way, what the kernel leaves out of the other one is in the table, and no surprise: docs/agent.md.
    fn is_known_to_miss(&self, way: &Way) -> bool {
        let is_first = self.ways.first().is_some_and(|first| first.name == way.name);
        !is_first && way.agent.lost().is_some_and(|lost| lost.contains("system-calls missed"))
    }
}

fn tallies(wanted: &[Request], told: &[Request]) -> Vec<(u64, Tally)> {
    let of = |all: &[Request], port| all.iter().filter(|one| one.port == port).cloned().collect::<Vec<_>>();
    ENDS.iter().map(|(port, _)| (*port, Tally::of(of(wanted, *port), of(told, *port)))).collect()
}

impl Agent {
    fn tally(&self, port: u64) -> Option<&Tally> {
        self.tallies.iter().find(|(of, _)| *of == port).map(|(_, tally)| tally)
    }

    fn count(&self, port: u64) -> String {
        if port == GO && self.said.contains(NO_GO) {
            return "from 5.15 on".to_owned();
        }
        self.tally(port).map_or_else(String::new, |tally| format!("{} of {}", tally.right, tally.wanted))
    }

    /// What its summary says of losses; bodies that are longer than what is captured of a call are none.
    fn lost(&self) -> Option<String> {
        let lines = self.said.lines().filter_map(|line| line.trim_start().strip_prefix("lost "));
        let all = lines.flat_map(|line| line.split(", ")).map(str::trim);
        let lost: Vec<_> = all.filter(|reason| !reason.contains("cut-bytes")).collect();
        (!lost.is_empty()).then(|| lost.join(", "))
    }

    fn complaints(&self, way: &str, ports: &[u64]) -> Vec<String> {
        let mut complaints = Vec::new();
        for (port, tally) in &self.tallies {
            if tally.wanted == 0 && ports.contains(port) {
                complaints.push(format!("{way}: nobody asked at port {port}"));
            }
            complaints.extend(tally.wrong.iter().map(|wrong| format!("{way}: {wrong}")));
        }
        complaints.extend(self.lost().map(|lost| format!("{way}: lost: {lost}")));
        if !complaints.is_empty() {
            complaints.push(format!("{way}: the agent said: {}", self.said.trim_end()));
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;

    const CALLS: &str = r#"{"type":"session","l7_protocol":"HTTP","server_port":80,"process_name":"nginx","request_type":"GET","request_resource":"/a","response_code":200}
{"type":"session","l7_protocol":"HTTP","server_port":80,"process_name":"curl","request_type":"GET","request_resource":"/a","response_code":200}
{"type":"session","l7_protocol":"DNS","server_port":53,"process_name":"dnsmasq","request_type":"A","request_resource":"one.test","response_code":0}
{"type":"session","l7_protocol":"DNS","server_port":53,"process_name":"nslookup","request_type":"A","request_resource":"one.test","response_code":0}
{"type":"session","l7_protocol":"HTTP","server_port":443,"process_name":"curl","request_type":"GET","request_resource":"/s","response_code":404}
{"type":"session","l7_protocol":"HTTP","server_port":443,"process_name":"nginx","request_type":"GET","request_resource":"/s","response_code":404}
{"type":"session","l7_protocol":"HTTP2","server_port":8443,"process_name":"curl","request_type":"GET","request_resource":"/g","response_code":200}
"#;
    const PACKETS: &str = r#"{"type":"session","l7_protocol":"HTTP","server_port":80,"request_type":"GET","request_resource":"/a","response_code":200}
{"type":"session","l7_protocol":"DNS","server_port":53,"request_type":"A","request_resource":"one.test","response_code":0}
"#;

    fn text(calls: &str, packets: &str, lost: &str) -> String {
        format!(
            "== kernel 6.1.0\n== way sys_exit 123\n== access\n80 GET /a 200\n443 GET /s 404\n8443 GET /g 200\n== dns\n\
             dnsmasq[9]: query[A] one.test from 127.0.0.1\n== sessions\n{calls}== agent\nprograms of Go need Linux 5.15\n  lost           {lost}\n\
             == packets\n{packets}== agent\nweir: fine\n== end\n"
        )
    }

    #[test]
    fn nothing_to_complain_about() {
        let verdict = Verdict::read(&text(CALLS, PACKETS, "reassembly cut-bytes 7")).unwrap();
        assert_eq!(verdict.complaints(), Vec::<String>::new());
        let row = verdict.rows().next().unwrap();
        assert_eq!(
            row.join(" | "),
            "6.1.0 | sys_exit | 1 of 1 | 1 of 1 | 2 of 2 | 2 of 2 | 2 of 2 | from 5.15 on | nothing | 1.2"
        );
    }

    #[test]
    fn what_is_missing_or_too_much_is_told() {
        let without_first = CALLS.split_once('\n').unwrap().1;
        let verdict = Verdict::read(&text(without_first, PACKETS, "system-calls ring-full 3")).unwrap();
        let complaints = verdict.complaints();
        assert_eq!(complaints[0], "sys_exit: missing: nginx, port 80: GET /a 200");
        assert_eq!(complaints[1], "sys_exit: lost: system-calls ring-full 3");
        let verdict = Verdict::read(&text(CALLS, &PACKETS.repeat(2), "reassembly cut-bytes 7")).unwrap();
        assert_eq!(verdict.complaints()[0], "packets: too much: port 80: GET /a 200");
        let verdict = Verdict::read(&text("", "", "reassembly cut-bytes 7")).unwrap();
        assert_eq!(verdict.rows().next().unwrap()[4], "0 of 2");
    }

    #[test]
    fn a_machine_that_broke_is_an_error() {
        let whole = text(CALLS, PACKETS, "reassembly cut-bytes 7");
        let (broken, _) = whole.split_once("== packets").unwrap();
        assert!(Verdict::read(broken).is_err());
    }
}
