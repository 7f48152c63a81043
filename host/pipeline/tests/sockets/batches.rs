//! How many events a parser is called with changes no log: losses and what was not captured among them.

use proptest::collection::vec;
use proptest::prelude::*;
use weir_pipeline::captured::Sender;
use weir_pipeline::decode::Address;
use weir_pipeline::limits::Limits;

use crate::machine::{Machine, Socket, caller};

/// What happens on one of the sockets.
#[derive(Clone, Copy, Debug)]
enum Act {
    Ask,
    /// A request whose end was not captured.
    AskCut,
    Answer,
    /// A line and a body: in the same call, in calls behind it that nobody saw, or captured.
    AnswerWithBody,
    AnswerThenFile,
    AnswerThenBytes,
    /// A body that is longer than what is said of it.
    AnswerTooLong,
    LoseRequest,
    LoseResponse,
    /// Two requests that nobody saw, and then the answer of who had received one of them.
    LoseTwoRequests,
    /// Half of a line; the other half comes next.
    AskHalf,
    Close,
    Flush,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => Just(Act::Ask),
        6 => Just(Act::Answer),
        6 => Just(Act::AnswerWithBody),
        6 => Just(Act::AnswerThenFile),
        3 => Just(Act::AnswerThenBytes),
        1 => Just(Act::AskCut),
        1 => Just(Act::AnswerTooLong),
        1 => Just(Act::LoseRequest),
        1 => Just(Act::LoseResponse),
        2 => Just(Act::LoseTwoRequests),
        2 => Just(Act::AskHalf),
        1 => Just(Act::Close),
        1 => Just(Act::Flush),
    ]
}

const SOCKETS: usize = 4;

fn socket(machine: &mut Machine, number: usize) -> Socket {
    let ends = [(Address::v4([10, 0, 0, 1]), 80), (Address::v4([10, 0, 0, 9]), 40_000 + number as u16)];
    let mut socket = Socket::new(number as u64 + 1, ends, [1000, 5000], caller(41, 42, b"server"));
    socket.opened(machine, Sender::Remote);
    socket
}

fn perform(machine: &mut Machine, acts: &[(usize, Act)]) {
    let mut sockets: Vec<_> = (0..SOCKETS).map(|number| socket(machine, number)).collect();
    for (turn, (number, act)) in acts.iter().enumerate() {
        let socket = &mut sockets[*number];
        let ask = format!("Q{turn}\n");
        match act {
            Act::Ask => _ = socket.received(machine, ask.as_bytes()),
            Act::AskCut => _ = socket.carried(machine, Sender::Remote, ask.as_bytes(), 7),
            Act::AskHalf => _ = socket.received(machine, b"Qh").received(machine, b"alf\n"),
            Act::Answer => _ = socket.sent(machine, b"Aok\n"),
            Act::AnswerWithBody => _ = socket.carried(machine, Sender::Local, b"N20\n", 20),
            Act::AnswerThenFile => {
                socket.sent(machine, b"N20\n").carried(machine, Sender::Local, b"", 15);
                socket.carried(machine, Sender::Local, b"", 5);
            }
            Act::AnswerThenBytes => _ = socket.sent(machine, b"N20\n").sent(machine, b"12345678901234567890"),
            Act::AnswerTooLong => {
                socket.sent(machine, b"N20\n").carried(machine, Sender::Local, b"", 33);
            }
            Act::LoseRequest => _ = socket.lost(Sender::Remote, 4),
            Act::LoseResponse => _ = socket.lost(Sender::Local, 4),
            Act::LoseTwoRequests => {
                socket.carried(machine, Sender::Remote, b"", 5);
                let mut between = socket.clone();
                socket.carried(machine, Sender::Remote, b"", 5);
                between.sent(machine, b"Aok\n");
                socket.lost(Sender::Local, 4);
            }
            Act::Close => socket.closed(machine),
            Act::Flush => machine.worker.flush(&mut machine.told),
        }
    }
}

fn play(acts: &[(usize, Act)], batch_events: usize) -> Vec<String> {
    let mut machine = Machine::with_limits(Limits { batch_events, ..Limits::default() });
    perform(&mut machine, acts);
    machine.finish();
    let logs = &machine.told.1;
    let mut lines: Vec<_> = machine.told.0.iter().zip(logs).enumerate().collect();
    // Those of a connection are in order, connections among each other need not be.
    lines.sort_by_key(|(place, (_, log))| (log.client.port(), *place));
    let line = |(_, (line, log)): &(usize, (&String, &weir_request_log::RequestLog))| {
        let sequences = (log.req_tcp_seq, log.resp_tcp_seq);
        let lengths = (log.request_length, log.response_length);
        format!("{} {line} {sequences:?} {lengths:?} {} {}", log.client, log.start_time, log.end_time)
    };
    lines.iter().map(line).collect()
}

proptest! {
    #[test]
    fn the_same_logs_whatever_a_batch_holds(acts in vec((0..SOCKETS, act()), 0..120)) {
        let expected = play(&acts, 1);
        for batch_events in [2, 5, 128] {
            prop_assert_eq!(&play(&acts, batch_events), &expected, "{} events a batch", batch_events);
        }
    }
}

/// What a server sends from files is known to be stepped over only when the parser was called: one call does for many.
#[test]
fn answers_from_files_share_a_call() {
    let acts: Vec<_> =
        (0..100).map(|turn| (turn / 2 % SOCKETS, [Act::Ask, Act::AnswerThenFile][turn % 2])).collect();
    let mut machine = Machine::new();
    perform(&mut machine, &acts);
    assert_eq!(machine.finish().len(), 50);
    let batches = machine.worker.stats().batches;
    assert!(batches <= 16, "{batches}: four connections can share one");
}
