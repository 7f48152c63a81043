//! What happens to TLS libraries -> log. Takes events, gives lines.

use weir_capture::sockets::TlsEvent;

pub(super) fn tell(event: &TlsEvent) {
    match event {
        TlsEvent::Attached { file, library, probes } => {
            tracing::info!("tls: attached to {} ({library}), {probes} probes", file.display());
        }
        TlsEvent::Detached { file } => {
            tracing::info!("tls: nobody uses {} any more, its probes are gone", file.display());
        }
        TlsEvent::Refused { file, error } => {
            tracing::error!("tls: {} is left out: {error}", file.display());
        }
        TlsEvent::NotUsable(reason) => tracing::warn!("tls: {reason}"),
        TlsEvent::Hidden(processes) => tracing::warn!(
            "tls: {processes} processes may not be looked into; CAP_SYS_PTRACE lets the agent see those of other users"
        ),
        TlsEvent::Blind(reason) => tracing::error!("tls: {reason}"),
        _ => {}
    }
}
