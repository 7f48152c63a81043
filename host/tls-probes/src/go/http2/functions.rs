//! Names of the functions that are looked for.

use super::super::Ends;
use crate::target::Function;

/// Names of all copies of the package: in net/http with prefixed names until Go 1.26, a package of its own since, and in golang.org/x/net.
macro_rules! functions {
    ($($receiver:literal $method:literal $function:ident;)*) => {
        /// Name, function, and what of it is probed.
        pub(crate) const FUNCTIONS: &[(&str, Function, Ends)] = &[
            $(
                (concat!("net/http.(*http2", $receiver, ").", $method), Function::$function, Ends::Entry),
                (
                    concat!("net/http/internal/http2.(*", $receiver, ").", $method),
                    Function::$function,
                    Ends::Entry,
                ),
                (concat!("golang.org/x/net/http2.(*", $receiver, ").", $method), Function::$function, Ends::Entry),
            )*
            (
                "google.golang.org/grpc/internal/transport.(*http2Server).operateHeaders",
                Function::GoGrpcServerReads,
                Ends::Entry,
            ),
            (
                "google.golang.org/grpc/internal/transport.(*http2Client).operateHeaders",
                Function::GoGrpcClientReads,
                Ends::Entry,
            ),
        ];
    };
}

functions! {
    "serverConn" "processHeaders" GoHttp2ServerReads;
    "serverConn" "processData" GoHttp2ServerReadsData;
    "serverConn" "writeHeaders" GoHttp2ServerWrites;
    "serverConn" "writeDataFromHandler" GoHttp2ServerWritesData;
    "serverConn" "closeStream" GoHttp2ServerEnds;
    "ClientConn" "writeHeader" GoHttp2ClientWritesField;
    "ClientConn" "writeHeaders" GoHttp2ClientWrites;
    "Framer" "WriteDataPadded" GoHttp2ClientWritesData;
    "clientStream" "cleanupWriteRequest" GoHttp2ClientHasWritten;
    "clientConnReadLoop" "processHeaders" GoHttp2ClientReads;
    "clientConnReadLoop" "processData" GoHttp2ClientReadsData;
    "ClientConn" "writeStreamReset" GoHttp2ClientResets;
    "clientConnReadLoop" "processResetStream" GoHttp2ClientIsReset;
}
