//! Headers with any numbers, as a capture file may hold them.

use weir_pipeline::captured::{Caller, Sender, SocketHeader};
use weir_pipeline::decode::{Address, TcpFlags, TcpHeader, TransportHeader};

use crate::machine::Machine;

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.roll() as usize % choice.len()]
    }

    /// Near the ends of all ranges, or anywhere.
    fn number(&mut self) -> u32 {
        let any = self.roll() as u32;
        self.of(&[0, 1, 5, 1000, 1 << 30, 0x7fff_ffff, 0x8000_0000, u32::MAX - 4, u32::MAX, any])
    }
}

fn header(dice: &mut Dice) -> SocketHeader {
    let ends = [1, 2].map(|last| (Address::v4([10, 0, 0, last]), dice.of(&[1, 2])));
    let tcp = TcpHeader {
        sequence: dice.number(),
        acknowledgment: dice.number(),
        flags: TcpFlags(
            dice.of(&[0x02, 0x12, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x11, 0x14, 0xff, 0]),
        ),
    };
    let name = dice.roll();
    SocketHeader {
        socket: dice.of(&[1, 2, u64::MAX]),
        local: ends[0],
        remote: ends[1],
        sender: dice.of(&[Sender::Local, Sender::Remote]),
        transport: dice.of(&[TransportHeader::Tcp(tcp), TransportHeader::Tcp(tcp), TransportHeader::Udp]),
        cut: dice.of(&[0, 0, 0, 1, u32::MAX]),
        caller: Caller {
            process_id: dice.number(),
            thread_id: dice.number(),
            coroutine_id: dice.roll(),
            syscall_trace_id: dice.roll(),
            process_name: [name.to_le_bytes(), [0xff; 8]].concat().try_into().unwrap(),
        },
    }
}

#[test]
fn any_headers_and_any_order_of_them() {
    let mut told = 0;
    for seed in 1..=200_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut machine = Machine::new();
        for _ in 0..200 {
            let header = header(&mut dice);
            machine.time = machine.time.wrapping_add(dice.of(&[0, 1, 1 << 30]));
            let payload =
                dice.of(&[&b""[..], b"Qone\n", b"Aone\nN9", b"N99999999999\n", b"Qtwo\nQ", b"rubbish"]);
            machine.record(&header, payload);
            if dice.roll().is_multiple_of(7) {
                machine.worker.flush(&mut machine.told);
            }
        }
        machine.finish();
        told += machine.told.1.len();
        for log in &machine.told.1 {
            let numbers = [log.coroutine_id, log.syscall_trace_id_request, log.syscall_trace_id_response];
            assert!(numbers.into_iter().flatten().chain([log.flow_id]).all(|number| number < 1 << 53));
            assert!(log.end_time >= log.start_time);
        }
    }
    assert!(told > 1000, "{told}: too little got through to prove anything");
}
