//! Ten thousand loads, swaps and unloads leave resident memory flat. A process of its own: other tests would blur the figure.

use std::time::Instant;

use weir_pipeline::application::Change;
use weir_pipeline::decode::{Address, Segment, TcpFlags, TcpHeader, TransportHeader};
use weir_pipeline::worker::{Worker, WorkerConfig};
use weir_plugin_runtime::{CodeCache, Limits, Plugin, PluginConfig, Runtime};
use weir_request_log::{LogSink, RequestLog};

#[path = "../../../tests/guests/guests.rs"]
mod guests;

const SWAPS: u32 = 10_000;
/// By then every cache, pool and arena has its size.
const WARM: u32 = 2_000;
/// A tenth of what one instance that stays behind each time would hold: 8,000 of at least 64 KiB.
const GROWTH_KIB: u64 = 8 << 10;

#[derive(Default)]
struct Count(u64);

impl LogSink for Count {
    fn log(&mut self, _: &RequestLog) {
        self.0 += 1;
    }
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// One request on a connection of its own, which stays open.
fn request(worker: &mut Worker, count: &mut Count, number: u32) {
    let header = |sequence, flags| {
        TransportHeader::Tcp(TcpHeader { sequence, acknowledgment: 0, flags: TcpFlags(flags) })
    };
    for (transport, payload) in [(header(1, 2), &b""[..]), (header(2, 0x18), b"EVIL"), (header(6, 4), b"")] {
        let segment = Segment {
            time: u64::from(number) * 1_000_000,
            source: Address::v4(number.to_be_bytes()),
            destination: Address::v4([10, 0, 0, 1]),
            source_port: 40_000,
            destination_port: 80,
            transport,
            payload,
            cut: 0,
            call: None,
        };
        worker.segment(&segment, count);
    }
}

#[test]
fn loads_swaps_and_unloads() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("resident-memory-cache");
    let runtime =
        Runtime::new(Limits::default(), &CodeCache::At(directory)).expect("this machine can run Wasm");
    let good = guests::guest("good");
    let versions = ["1.0.0", "2.0.0", "3.0.0"].map(|version| {
        wat::parse_str(good.replace("guest\\00\\00\\001.0.0", &format!("guest\\00\\00\\00{version}")))
            .expect("it is Wasm")
    });
    let load = |n: u32| -> Plugin { runtime.load(&versions[n as usize % versions.len()]).expect("a plugin") };
    let mut worker = Worker::new(WorkerConfig::default(), Vec::new(), Vec::new());
    let (mut count, mut warm, began) = (Count::default(), 0, Instant::now());
    for n in 0..SWAPS {
        let plugin = load(n);
        assert_eq!(plugin.manifest().version, format!("{}.0.0", n % 3 + 1));
        let instance = plugin.instantiate(PluginConfig::default()).expect("it starts");
        worker.change(vec![Change::New(Box::new(instance))], Vec::new(), &mut count).expect("there is room");
        request(&mut worker, &mut count, n);
        if n == WARM {
            warm = resident_kib();
        }
    }
    worker.finish(&mut count);
    let resident = resident_kib();
    println!("{SWAPS} swaps in {:.1?}: {warm} KiB after {WARM}, {resident} KiB at the end", began.elapsed());
    assert_eq!(count.0, u64::from(SWAPS), "every request was told");
    assert!(resident < warm + GROWTH_KIB, "{warm} KiB after {WARM} swaps, {resident} KiB after {SWAPS}");
}
