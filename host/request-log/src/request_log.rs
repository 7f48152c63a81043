//! Takes: facts of a session. Gives: one record. Times are nanoseconds since 1970 here, microseconds when printed.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::field::Fields;

/// One request and its response, or one of them alone. A sink gets it by reference; the memory is used again.
#[derive(Clone, Debug)]
pub struct RequestLog {
    /// First request byte (of a lone response: its first byte).
    pub start_time: u64,
    /// Last response byte that was seen (of a lone request: its last byte).
    pub end_time: u64,
    /// From the last request byte to the first response byte, nanoseconds; none when only one of them was seen.
    pub response_duration: Option<u64>,
    /// How the bytes came in.
    pub signal_source: SignalSource,
    /// Protocol as the contract writes it.
    pub l7_protocol: Arc<str>,
    /// Whether both halves were seen.
    pub session_type: SessionType,
    /// The side that sends requests.
    pub client: SocketAddr,
    /// The side that answers.
    pub server: SocketAddr,
    /// TCP or UDP.
    pub transport: Transport,
    /// Joins with the flow log; the same for the same capture, whatever the number of workers. Below 2^53.
    pub flow_id: u64,
    /// How it went.
    pub status: Status,
    /// Bytes of the request on the wire.
    pub request_length: Option<u64>,
    /// Bytes of the response on the wire.
    pub response_length: Option<u64>,
    /// TCP sequence number of the first request byte.
    pub req_tcp_seq: Option<u32>,
    /// TCP sequence number of the first response byte.
    pub resp_tcp_seq: Option<u32>,
    /// Process that made the call that brought the first byte of the request (of a lone response: of the response). None for what comes from
    /// the network, here and below.
    pub process_id: Option<u32>,
    /// What that process calls itself.
    pub process_name: Option<Arc<str>>,
    /// Thread that made that call.
    pub thread_id: Option<u32>,
    /// Coroutine that made that call. Below 2^53, as the trace ids.
    pub coroutine_id: Option<u64>,
    /// Calls that belong together have the same number: of the request's first byte.
    pub syscall_trace_id_request: Option<u64>,
    /// The same for the response.
    pub syscall_trace_id_response: Option<u64>,
    /// Everything that a plugin said.
    pub fields: Fields,
    /// Plugins that made or changed this record, `name@version`.
    pub plugins: Vec<Arc<str>>,
}

impl RequestLog {
    /// A lone request that says nothing yet.
    #[must_use]
    pub fn empty() -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self {
            start_time: 0,
            end_time: 0,
            response_duration: None,
            signal_source: SignalSource::Packet,
            l7_protocol: Arc::from(""),
            session_type: SessionType::Request,
            client: nowhere,
            server: nowhere,
            transport: Transport::Tcp,
            flow_id: 0,
            status: Status::Unknown,
            request_length: None,
            response_length: None,
            req_tcp_seq: None,
            resp_tcp_seq: None,
            process_id: None,
            process_name: None,
            thread_id: None,
            coroutine_id: None,
            syscall_trace_id_request: None,
            syscall_trace_id_response: None,
            fields: Fields::default(),
            plugins: Vec::new(),
        }
    }
}

/// How the bytes of a session came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalSource {
    /// From the network.
    Packet,
    /// From system calls or TLS libraries.
    Ebpf,
    /// Sent by an application.
    Otlp,
}

/// Which halves of a session there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionType {
    /// Request and response.
    Session,
    /// No response belongs to it, or none came.
    Request,
    /// No request was seen, or a server push.
    Response,
}

/// How a session went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It worked.
    Ok,
    /// The client did something wrong.
    ClientError,
    /// The server failed.
    ServerError,
    /// No response within the limit while the connection was alive.
    Timeout,
    /// Nobody knows.
    Unknown,
}

/// What carried the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Streams.
    Tcp,
    /// Datagrams.
    Udp,
}

macro_rules! names {
    ($($type:ident { $($variant:ident = $name:literal),* })*) => {
        $(impl $type {
            /// The word as it stands in a request log.
            #[must_use]
            #[inline]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        })*
    };
}

names! {
    SignalSource { Packet = "packet", Ebpf = "ebpf", Otlp = "otlp" }
    SessionType { Session = "session", Request = "request", Response = "response" }
    Status { Ok = "ok", ClientError = "client_error", ServerError = "server_error", Timeout = "timeout", Unknown = "unknown" }
    Transport { Tcp = "tcp", Udp = "udp" }
}
